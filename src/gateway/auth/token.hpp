// TokenSigner: JSON Web Tokens of agents, HS256, claims sub, scopes, iat, exp.
//
// Only HS256 is accepted, whatever the header of a token asks for; the signature is compared in
// constant time before anything in the token is looked at. Tokens are not stored: they end by time,
// or when the secret changes. Thread-safety: any thread; immutable.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/schema/types.hpp"

namespace perpetua::gateway {

inline constexpr int64_t kTokenLifetimeMs = 86'400'000;
inline constexpr std::size_t kTokenBytesMax = 1'024;

struct TokenClaims {
  std::string subject;  // "agent_0007"
  uint8_t scopes = 0;   // Scope bits
  int64_t issued_at_ms = 0;
  int64_t expires_at_ms = 0;
};

class TokenSigner {
 public:
  // An empty secret is replaced by a random one: tokens then end with the process.
  explicit TokenSigner(std::string_view secret);

  std::string sign(const TokenClaims& claims) const;
  // Nothing if the token is malformed, signed otherwise, or has expired at `now_ms`.
  std::optional<TokenClaims> verify(std::string_view token, int64_t now_ms) const;

  // 32 hexadecimal digits that only who has the secret can tell; for challenges.
  std::string nonce(std::string_view text) const;

 private:
  using Digest = std::array<uint8_t, 32>;
  Digest mac(std::string_view text) const;

  std::string secret_;
};

}  // namespace perpetua::gateway
