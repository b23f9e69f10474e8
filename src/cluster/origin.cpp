#include "cluster/origin.hpp"

#include <bit>
#include <cstring>

namespace perpetua::cluster {

static_assert(std::endian::native == std::endian::little);

void append_origins(std::string& text, std::span<const Origin> origins) {
  for (const Origin& origin : origins) {
    text.append(reinterpret_cast<const char*>(&origin.gateway), sizeof origin.gateway);
    text.append(reinterpret_cast<const char*>(&origin.token), sizeof origin.token);
    text.append(reinterpret_cast<const char*>(&origin.count), sizeof origin.count);
  }
}

bool parse_origins(std::string_view text, std::vector<Origin>& origins) {
  origins.clear();
  if (text.size() % kOriginBytes != 0) return false;
  for (std::size_t at = 0; at < text.size(); at += kOriginBytes) {
    Origin& origin = origins.emplace_back();
    std::memcpy(&origin.gateway, text.data() + at, 8);
    std::memcpy(&origin.token, text.data() + at + 8, 8);
    std::memcpy(&origin.count, text.data() + at + 16, 4);
  }
  return true;
}

}  // namespace perpetua::cluster
