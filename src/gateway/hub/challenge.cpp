#include "gateway/hub/challenge.hpp"

#include "engine/schema/wallet.hpp"
#include "gateway/hub/format.hpp"

namespace perpetua::gateway::hub {

Challenge make_challenge(const TokenSigner& tokens, std::string_view wallet,
                         std::string_view logins, int64_t now_ms) {
  const int64_t window = now_ms / kChallengeWindowMs;
  const std::string name = unique_wallet(wallet);
  Challenge challenge;
  challenge.issued_at_ms = window * kChallengeWindowMs;
  challenge.expires_at_ms = (window + 2) * kChallengeWindowMs;
  challenge.nonce = tokens.nonce(name + "\n" + std::to_string(window) + "\n" + std::string(logins));
  challenge.message = "Perpetua login\nWallet: " + name + "\nNonce: " + challenge.nonce +
                      "\nTime: " + time_text(challenge.issued_at_ms);
  return challenge;
}

std::array<Challenge, 2> open_challenges(const TokenSigner& tokens, std::string_view wallet,
                                         std::string_view logins, int64_t now_ms) {
  return {make_challenge(tokens, wallet, logins, now_ms),
          make_challenge(tokens, wallet, logins, now_ms - kChallengeWindowMs)};
}

}  // namespace perpetua::gateway::hub
