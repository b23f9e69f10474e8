// When two wallets are the same one: `0x` + 40 hexadecimal digits (an EVM address; the case of its
// letters is a checksum) regardless of the case of their letters, any other form only byte by byte.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace perpetua {

inline bool is_evm_address(std::string_view wallet) {
  constexpr std::size_t kDigits = 40;
  if (wallet.size() != kDigits + 2 || wallet[0] != '0' || wallet[1] != 'x') return false;
  const auto is_hex = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  };
  return std::all_of(wallet.begin() + 2, wallet.end(), is_hex);
}

// The same text for every way of writing the same wallet.
inline std::string unique_wallet(std::string_view wallet) {
  std::string result(wallet);
  if (!is_evm_address(wallet)) return result;
  for (char& c : result) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

}  // namespace perpetua
