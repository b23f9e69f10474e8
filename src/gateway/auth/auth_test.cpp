#include <gtest/gtest.h>

#include <set>

#include "gateway/auth/api_key.hpp"
#include "gateway/auth/authenticator.hpp"
#include "stores/memory/hot_store.hpp"

namespace perpetua::gateway {
namespace {

constexpr std::string_view kOperator = "an operator key of the tests, long enough";

void add_key(stores::HotStore& hot, const ApiKey& key, uint8_t scopes, int64_t expires_at_ms) {
  Event agent(EventType::agent_registered, 1, kNoMarket, 0);
  agent.agent_registered = AgentRegistered();
  agent.agent_registered.text = {0, 1};
  agent.agent_registered.wallet_length = 1;
  hot.on_event(agent, "w");
  Event event(EventType::key_created, 1, kNoMarket, 0);
  event.key_created = KeyCreated();
  event.key_created.sha256 = key.sha256;
  event.key_created.key_id = 3;
  event.key_created.scopes = scopes;
  event.key_created.expires_at_ms = expires_at_ms;
  hot.on_event(event, {});
}

TEST(ApiKey, has_the_documented_form_and_never_repeats) {
  const ApiKeySource source("");
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) {
    const ApiKey key = source.make();
    ASSERT_EQ(key.text.size(), 40u);
    ASSERT_EQ(key.text.substr(0, 3), "th_");
    ASSERT_EQ(key.text.find('_', 3), 7u);
    ASSERT_EQ(key.text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                         "0123456789-_",
                                         3),
              std::string::npos);
    ASSERT_EQ(key.sha256, sha256_of(key.text));
    ASSERT_TRUE(seen.insert(key.text).second);
  }
}

TEST(ApiKey, repeats_are_recognised_only_with_the_same_secret_and_scope) {
  const ApiKeySource a("secret a");
  const ApiKeySource b("secret b");
  EXPECT_EQ(a.make_for("x").text, ApiKeySource("secret a").make_for("x").text);
  EXPECT_NE(a.make_for("x").text, a.make_for("y").text);
  EXPECT_NE(a.make_for("x").text, b.make_for("x").text);
  EXPECT_NE(ApiKeySource("").make_for("x").text, ApiKeySource("").make_for("x").text);
}

TEST(ApiKey, sha256_is_the_standard_one) {
  const Sha256 digest = sha256_of("abc");
  EXPECT_EQ(digest[0], 0xba);
  EXPECT_EQ(digest[31], 0xad);
  Sha256 other = digest;
  EXPECT_TRUE(equal_in_constant_time(digest, other));
  other[31] ^= 1;
  EXPECT_FALSE(equal_in_constant_time(digest, other));
}

TEST(Authenticator, knows_live_keys_with_their_scopes) {
  stores::HotStore hot;
  const ApiKey key = ApiKeySource("").make();
  add_key(hot, key, kScopeRead, 2'000);
  const Authenticator authenticator(hot, kOperator);
  Principal who;
  ASSERT_TRUE(authenticator.authenticate(key.text, 1'999, who));
  EXPECT_EQ(who.agent, 1u);
  EXPECT_EQ(who.key_id, 3u);
  EXPECT_TRUE(who.has(kScopeRead));
  EXPECT_FALSE(who.has(kScopeTrade));
  EXPECT_FALSE(who.is_operator);
  EXPECT_TRUE(authenticator.still_valid(who, 1'999));
  EXPECT_FALSE(authenticator.authenticate(key.text, 2'000, who)) << "expired";
  EXPECT_FALSE(authenticator.still_valid(who, 2'000));
  std::string other = key.text;
  other.back() = other.back() == 'A' ? 'B' : 'A';
  EXPECT_FALSE(authenticator.authenticate(other, 0, who));
  EXPECT_FALSE(authenticator.authenticate("", 0, who));
}

TEST(Authenticator, the_lookup_gives_the_digest_that_is_compared) {
  stores::HotStore hot;
  const ApiKey key = ApiKeySource("").make();
  add_key(hot, key, kScopeRead, 0);
  const auto found = hot.find_key(key.sha256);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->sha256, key.sha256);
  Principal who;
  EXPECT_TRUE(Authenticator(hot, "").authenticate(key.text, 1, who));
}

TEST(Authenticator, a_revoked_key_is_dead_at_once) {
  stores::HotStore hot;
  const ApiKey key = ApiKeySource("").make();
  add_key(hot, key, kScopesAll, 0);
  const Authenticator authenticator(hot, "");
  Principal who;
  ASSERT_TRUE(authenticator.authenticate(key.text, 1, who));
  Event event(EventType::key_revoked, 1, kNoMarket, 0);
  event.key_revoked = KeyRevoked();
  event.key_revoked.sha256 = key.sha256;
  event.key_revoked.key_id = 3;
  hot.on_event(event, {});
  EXPECT_FALSE(authenticator.still_valid(who, 1));
  EXPECT_FALSE(authenticator.authenticate(key.text, 1, who));
}

TEST(Authenticator, the_operator_is_who_holds_the_operator_key) {
  stores::HotStore hot;
  Principal who;
  EXPECT_TRUE(Authenticator(hot, kOperator).authenticate(kOperator, 1, who));
  EXPECT_TRUE(who.is_operator);
  EXPECT_EQ(who.agent, 0u);
  EXPECT_FALSE(Authenticator(hot, kOperator).authenticate("another key", 1, who));
  EXPECT_FALSE(Authenticator(hot, "").authenticate("", 1, who)) << "no operator, no key";
}

TEST(Authenticator, the_key_is_taken_from_either_header) {
  EXPECT_EQ(presented_key("th_a", "Bearer th_b"), "th_a");
  EXPECT_EQ(presented_key("", "Bearer th_b"), "th_b");
  EXPECT_EQ(presented_key("", "bEARER th_b"), "th_b");
  EXPECT_EQ(presented_key("", "Basic th_b"), "");
  EXPECT_EQ(presented_key("", "Bearer "), "");
  EXPECT_EQ(presented_key("", ""), "");
}

}  // namespace
}  // namespace perpetua::gateway
