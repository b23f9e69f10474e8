#include "stores/postgres/bound_query.hpp"

namespace perpetua::stores {

std::string declare_cursor(const std::string& cursor, const std::string& sql) {
  return "DECLARE " + cursor + " NO SCROLL CURSOR FOR " + sql;
}

std::string fetch_from(const std::string& cursor) {
  return "FETCH " + std::to_string(kScanRows) + " FROM " + cursor;
}

}  // namespace perpetua::stores
