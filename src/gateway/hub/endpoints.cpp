#include "gateway/hub/tables.hpp"

#include <vector>

namespace perpetua::gateway {
namespace {

using Rows = std::vector<Endpoint>;

void append(Rows& rows, std::span<const Endpoint> more) {
  rows.insert(rows.end(), more.begin(), more.end());
}

Rows make_hub_rows() {
  Rows rows;
  append(rows, hub::account_endpoints());
  append(rows, hub::social_endpoints());
  append(rows, hub::market_endpoints());
  append(rows, hub::system_endpoints());
  return rows;
}

Rows make_served_rows() {
  Rows rows;
  append(rows, all_endpoints());
  append(rows, hub_endpoints());
  return rows;
}

}  // namespace

std::span<const Endpoint> hub_endpoints() {
  static const Rows rows = make_hub_rows();
  return rows;
}

std::span<const Endpoint> served_endpoints() {
  static const Rows rows = make_served_rows();
  return rows;
}

}  // namespace perpetua::gateway
