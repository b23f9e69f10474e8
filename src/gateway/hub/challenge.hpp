// Challenge: the text that a wallet signs to log in.
//
// It names wallet, exchange, nonce and time. Nothing is stored: the nonce is a function of the
// process's secret, the wallet, the count of its logins (login_counts.hpp) and the window of
// kChallengeWindowMs in which it was asked for, so nobody can push out another's challenge. A
// challenge is good in its window and the next, for one login. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/auth/token.hpp"

namespace perpetua::gateway::hub {

inline constexpr int64_t kChallengeWindowMs = 300'000;

struct Challenge {
  std::string nonce;
  std::string message;
  int64_t issued_at_ms = 0;
  int64_t expires_at_ms = 0;
};

Challenge make_challenge(const TokenSigner& tokens, std::string_view wallet, uint64_t logins,
                         int64_t now_ms);

// Those that may have been signed by now, the newest first.
std::array<Challenge, 2> open_challenges(const TokenSigner& tokens, std::string_view wallet,
                                         uint64_t logins, int64_t now_ms);

}  // namespace perpetua::gateway::hub
