// Base64 with the URL alphabet, without padding (RFC 4648 section 5). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace perpetua::gateway {

inline constexpr std::string_view kBase64UrlAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

inline std::string base64url(std::span<const uint8_t> bytes) {
  std::string out;
  uint32_t window = 0;
  unsigned held = 0;
  for (const uint8_t byte : bytes) {
    window = window << 8 | byte;
    held += 8;
    while (held >= 6) {
      held -= 6;
      out.push_back(kBase64UrlAlphabet[window >> held & 0x3F]);
    }
  }
  if (held > 0) out.push_back(kBase64UrlAlphabet[window << (6 - held) & 0x3F]);
  return out;
}

inline std::string base64url(std::string_view text) {
  return base64url({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

// Nothing for a foreign character or bits that no byte can hold.
inline std::optional<std::string> base64url_decode(std::string_view text) {
  std::string out;
  uint32_t window = 0;
  unsigned held = 0;
  for (const char c : text) {
    const std::size_t value = kBase64UrlAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    window = window << 6 | static_cast<uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out.push_back(static_cast<char>(window >> held & 0xFF));
  }
  const bool is_whole = held < 6 && (window & ((1u << held) - 1)) == 0;
  if (!is_whole) return std::nullopt;
  return out;
}

}  // namespace perpetua::gateway
