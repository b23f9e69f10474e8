#include "gateway/hub/challenge.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace perpetua::gateway::hub {
namespace {

constexpr std::string_view kWallet = "0xAbCdEf0123456789aBcDeF0123456789AbCdEf01";
constexpr int64_t kNowMs = 1'800'000'000'000;
constexpr std::string_view kLogins = "7";

class Challenges : public testing::Test {
 protected:
  bool is_open(const Challenge& challenge, std::string_view logins, int64_t now_ms) const {
    const auto open = open_challenges(tokens, kWallet, logins, now_ms);
    return std::any_of(open.begin(), open.end(),
                       [&](const Challenge& row) { return row.message == challenge.message; });
  }

  const TokenSigner tokens{"0123456789abcdef0123456789abcdef"};
  const Challenge challenge = make_challenge(tokens, kWallet, kLogins, kNowMs);
};

TEST_F(Challenges, one_names_wallet_nonce_and_time) {
  EXPECT_NE(challenge.message.find("0xabcdef0123456789abcdef0123456789abcdef01"),
            std::string::npos);
  EXPECT_NE(challenge.message.find(challenge.nonce), std::string::npos);
  EXPECT_NE(challenge.message.find("2027-01-15T08:00:00"), std::string::npos) << challenge.message;
  const Challenge other = make_challenge(tokens, "0xanother_wallet", kLogins, kNowMs);
  EXPECT_NE(challenge.nonce, other.nonce);
}

TEST_F(Challenges, one_expires_when_it_says) {
  EXPECT_TRUE(is_open(challenge, kLogins, kNowMs));
  EXPECT_TRUE(is_open(challenge, kLogins, challenge.expires_at_ms - 1));
  EXPECT_FALSE(is_open(challenge, kLogins, challenge.expires_at_ms));
}

TEST_F(Challenges, a_login_ends_those_from_before_it) {
  EXPECT_FALSE(is_open(challenge, "8", kNowMs));
}

}  // namespace
}  // namespace perpetua::gateway::hub
