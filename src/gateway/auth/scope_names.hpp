// Scopes as the root API names them: read, trade, write (trade and everything that moves money or
// keys out of an agent's hands). `admin` is known and never given.
#pragma once

#include <optional>
#include <string_view>

#include "engine/schema/types.hpp"

namespace perpetua::gateway {

inline constexpr uint8_t kScopesWrite = kScopeTrade | kScopeWithdraw;

// Scope bits of a name; nothing for an unknown one and for `admin`.
constexpr std::optional<uint8_t> scope_bits(std::string_view name) {
  if (name == "read") return kScopeRead;
  if (name == "trade") return kScopeTrade;
  if (name == "write") return kScopesWrite;
  return std::nullopt;
}

template <class Visit>
void for_each_scope_name(uint8_t scopes, Visit visit) {
  if ((scopes & kScopeRead) != 0) visit(std::string_view("read"));
  if ((scopes & kScopesWrite) == kScopesWrite) {
    visit(std::string_view("write"));
  } else if ((scopes & kScopeTrade) != 0) {
    visit(std::string_view("trade"));
  } else if ((scopes & kScopeWithdraw) != 0) {
    visit(std::string_view("withdraw"));  // a key of the native API
  }
}

}  // namespace perpetua::gateway
