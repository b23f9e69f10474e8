// Cursors of pages: which list, and the sort key of the last row looked at.
//
//   | list, 1 character | key, 16 hexadecimal digits |
//
// Opaque to clients. A cursor of another list, or no cursor at all, does not parse.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace perpetua::stores {

inline std::string make_cursor(char list, uint64_t key) {
  constexpr char digits[] = "0123456789abcdef";
  std::string cursor(17, list);
  for (std::size_t i = 16; i >= 1; --i, key >>= 4) cursor[i] = digits[key & 15];
  return cursor;
}

inline std::optional<uint64_t> parse_cursor(char list, std::string_view cursor) {
  if (cursor.size() != 17 || cursor[0] != list) return std::nullopt;
  uint64_t key = 0;
  for (const char digit : cursor.substr(1)) {
    const bool is_number = digit >= '0' && digit <= '9';
    if (!is_number && !(digit >= 'a' && digit <= 'f')) return std::nullopt;
    key = key << 4 | static_cast<uint64_t>(is_number ? digit - '0' : digit - 'a' + 10);
  }
  return key;
}

}  // namespace perpetua::stores
