// Challenge: the text that a wallet signs to log in.
//
// It names wallet, exchange, nonce and time. Nothing is stored: the nonce is a function of the
// exchange's secret, the wallet, its logins so far and the window of kChallengeWindowMs in which it
// was asked for, so nobody can push out another's challenge, and every process finds the same. A
// challenge is good in its window and the next, for one login (login.cpp). Pure.
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

// `logins`: another text after each login.
Challenge make_challenge(const TokenSigner& tokens, std::string_view wallet,
                         std::string_view logins, int64_t now_ms);

// Those that may have been signed by now, the newest first.
std::array<Challenge, 2> open_challenges(const TokenSigner& tokens, std::string_view wallet,
                                         std::string_view logins, int64_t now_ms);

}  // namespace perpetua::gateway::hub
