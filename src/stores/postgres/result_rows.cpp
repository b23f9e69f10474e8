#include "stores/postgres/result_rows.hpp"

namespace perpetua::stores {

bool ResultRows::next() {
  column_ = 0;
  return ++row_ < result_.rows();
}

std::string ResultRows::next_text() {
  const int column = column_++;
  if (result_.is_null(row_, column)) return {};
  return result_.is_bytes(column) ? result_.bytes(row_, column)
                                  : std::string(result_.text(row_, column));
}

std::string numbered(const std::string& sql) {
  std::string result;
  int number = 0;
  for (const char c : sql) {
    if (c == '?') {
      result += "$" + std::to_string(++number);
    } else {
      result += c;
    }
  }
  return result;
}

}  // namespace perpetua::stores
