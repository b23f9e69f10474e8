// Wallets, messages, risk limits and payments through the engine: docs/rules-agents.md.
#include <gtest/gtest.h>

#include "engine/ledger/deposit_claims.hpp"
#include "engine/test_support.hpp"

namespace perpetua {
namespace {

using namespace test;

constexpr Micro kRich(1'000'000'000'000);  // a million USDC
constexpr int64_t kUsdc = 1'000'000;

struct AgentsTest : ::testing::Test {
  Rig rig;
  AgentId alice = 0, bob = 0;
  uint64_t keys = 1'000;

  void SetUp() override {
    Command configure(CommandType::configure);
    configure.configure.margin_use_max_ppm = 800'000;
    configure.configure.risk_limits = {Micro(5'000 * kUsdc), Micro(9'000 * kUsdc),
                                       Micro(100 * kUsdc), 10, {}};
    ASSERT_EQ(rig.run_one(configure).code, ResultCode::ok);
    rig.open_market(make_spec(), Price(60'000));
    rig.open_market(make_spec("ETH-PERP"), Price(3'000));
    alice = rig.add_agent(kRich);
    bob = rig.add_agent(kRich);
  }

  Outcome enter(std::string_view wallet, bool has_risk_limits = false) {
    Command command(CommandType::register_agent);
    command.register_agent = RegisterAgent{};
    command.register_agent.wallet_length = static_cast<uint16_t>(wallet.size());
    command.register_agent.start_balance_micro = kRich.value;
    command.register_agent.has_risk_limits = has_risk_limits ? 1 : 0;
    ++keys;
    std::memcpy(command.register_agent.key_sha256.data(), &keys, sizeof keys);
    return rig.run_one(command, wallet);
  }
  Outcome limit_risk(AgentId agent, const RiskLimits& limits, uint8_t fields = kAllRiskLimits) {
    Command command(CommandType::set_risk_limits, agent);
    command.set_risk_limits = SetRiskLimits{limits, fields, {}};
    return rig.run_one(command);
  }
  Outcome pay(CommandType type, AgentId agent, int64_t amount, uint8_t flags, uint8_t claim = 0) {
    Command command(type, agent);
    command.money = MoveMoney{};
    command.money.amount = Micro(amount);
    command.money.flags = flags;
    command.money.claim[0] = claim;
    return rig.run_one(command);
  }
  const Event* find_event(EventType type, AgentId agent) const {
    for (const Event& event : rig.output.events) {
      if (event.header.type == type && event.header.agent == agent) return &event;
    }
    return nullptr;
  }
  static void expect_exceeded(const Outcome& outcome, RiskLimit which, int64_t given,
                              int64_t allowed) {
    EXPECT_EQ(outcome.code, ResultCode::limit_exceeded);
    EXPECT_EQ(outcome.values[0], static_cast<int64_t>(which));
    EXPECT_EQ(outcome.values[1], given);
    EXPECT_EQ(outcome.values[2], allowed);
  }
};

TEST_F(AgentsTest, an_address_is_one_wallet_in_whatever_letters_it_is_written) {
  const std::string address = "0xabcdefabcdefabcdefabcdefabcdefabcdef0123";
  ASSERT_EQ(enter(address).code, ResultCode::ok);
  EXPECT_EQ(enter("0xABCDEFABCDEFABCDEFABCDEFABCDEFABCDEF0123").code, ResultCode::wallet_taken);
  EXPECT_EQ(enter(address).code, ResultCode::wallet_taken);
  EXPECT_EQ(enter("0xABCDEFABCDEFABCDEFABCDEFABCDEFABCDEF012").code, ResultCode::ok)
      << "39 digits are no address";
  EXPECT_EQ(enter("0xabcdefabcdefabcdefabcdefabcdefabcdef012").code, ResultCode::ok);
  EXPECT_EQ(enter("So11111111111111111111111111111111").code, ResultCode::ok);
  EXPECT_EQ(enter("sO11111111111111111111111111111111").code, ResultCode::ok)
      << "letters of another form count";
}

TEST_F(AgentsTest, a_private_message_goes_to_its_two_ends_alone) {
  const AgentId carol = rig.add_agent(kRich);
  Command command(CommandType::post_thought, alice);
  command.thought.to_agent = bob;
  command.thought.kind = MessageKind::chat;
  command.thought.metadata_length = 2;
  const Outcome sent = rig.run_one(command, "hello{}");
  ASSERT_EQ(sent.code, ResultCode::ok);
  ASSERT_EQ(rig.output.events.size(), 2u);
  for (const AgentId end : {alice, bob}) {
    const Event* event = find_event(EventType::private_message, end);
    ASSERT_NE(event, nullptr);
    EXPECT_GT(event->header.agent_sequence, 0u);
    EXPECT_EQ(event->private_message.message_id, sent.id);
    EXPECT_EQ(event->private_message.from_agent, alice);
    EXPECT_EQ(event->private_message.text.length, 5u);
    EXPECT_EQ(event->private_message.metadata.offset, 5u);
  }
  EXPECT_EQ(find_event(EventType::private_message, carol), nullptr);
  command.thought.to_agent = 77;
  EXPECT_EQ(rig.run_one(command, "hello{}").code, ResultCode::agent_not_found);
  command.thought.to_agent = alice;
  EXPECT_EQ(rig.run_one(command, "hello{}").code, ResultCode::invalid_request);
}

TEST_F(AgentsTest, a_note_is_an_alert_to_oneself_and_told_once) {
  Command command(CommandType::post_thought, alice);
  command.thought.to_agent = alice;
  command.thought.kind = MessageKind::alert;
  ASSERT_EQ(rig.run_one(command, "42").code, ResultCode::ok);
  ASSERT_EQ(rig.output.events.size(), 1u);
  EXPECT_EQ(rig.output.events[0].header.type, EventType::private_message);
  EXPECT_EQ(rig.output.events[0].header.agent, alice);
  for (const MessageKind kind : {MessageKind::thought, MessageKind::chat, MessageKind::system}) {
    command.thought.kind = kind;
    EXPECT_EQ(rig.run_one(command, "42").code, ResultCode::invalid_request);
  }
}

TEST_F(AgentsTest, only_who_registers_with_limits_gets_those_of_the_operator) {
  const auto limited = static_cast<AgentId>(enter("limited", true).id);
  const Event* told = find_event(EventType::risk_limits_changed, limited);
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->risk_limits_changed.limits.leverage_max, 10);
  Command order = limit(limited, Side::buy, 60'000, 10'000);
  order.place.leverage = 11;
  expect_exceeded(rig.run_one(order), RiskLimit::leverage, 11, 10);
  const auto free = static_cast<AgentId>(enter("free").id);
  EXPECT_EQ(find_event(EventType::risk_limits_changed, free), nullptr);
  order.header.agent = free;
  EXPECT_EQ(rig.run_one(order).code, ResultCode::ok);
}

TEST_F(AgentsTest, limits_that_are_not_named_stay) {
  ASSERT_EQ(limit_risk(alice, {Micro(1), Micro(2), Micro(3), 4, {}}).code, ResultCode::ok);
  RiskLimits wanted;
  wanted.leverage_max = 7;
  ASSERT_EQ(limit_risk(alice, wanted, risk_bit(RiskLimit::leverage)).code, ResultCode::ok);
  const RiskLimits& now =
      find_event(EventType::risk_limits_changed, alice)->risk_limits_changed.limits;
  EXPECT_EQ(now, (RiskLimits{Micro(1), Micro(2), Micro(3), 7, {}}));
  EXPECT_EQ(limit_risk(alice, wanted, 0).code, ResultCode::invalid_request);
  EXPECT_EQ(limit_risk(alice, wanted, 16).code, ResultCode::invalid_request);
}

TEST_F(AgentsTest, a_position_with_its_orders_stays_below_its_limit) {
  RiskLimits limits;
  limits.position_max = Micro(1'000 * kUsdc);
  ASSERT_EQ(limit_risk(alice, limits).code, ResultCode::ok);
  ASSERT_EQ(rig.run_one(limit(alice, Side::buy, 60'000, 10'000)).code, ResultCode::ok);  // 600
  expect_exceeded(rig.run_one(limit(alice, Side::buy, 60'000, 7'000)), RiskLimit::position,
                  1'020 * kUsdc, 1'000 * kUsdc);
  EXPECT_EQ(rig.run_one(limit(alice, Side::buy, 3'000, 330'000, 1)).code, ResultCode::ok)
      << "another market is another position";
}

TEST_F(AgentsTest, of_the_limits_of_key_and_agent_the_smaller_one_holds) {
  Command key(CommandType::create_key, alice);
  key.create_key = CreateKey{};
  key.create_key.key_sha256[3] = 77;
  key.create_key.limits.position_notional_max = Micro(500 * kUsdc);
  const auto key_id = static_cast<uint32_t>(rig.run_one(key).id);
  RiskLimits limits;
  limits.position_max = Micro(1'000 * kUsdc);
  ASSERT_EQ(limit_risk(alice, limits).code, ResultCode::ok);
  Command order = limit(alice, Side::buy, 60'000, 20'000);
  order.header.key_id = key_id;
  EXPECT_EQ(rig.run_one(order).code, ResultCode::key_limited);
  limits.position_max = Micro(400 * kUsdc);
  ASSERT_EQ(limit_risk(alice, limits).code, ResultCode::ok);
  expect_exceeded(rig.run_one(order), RiskLimit::position, 1'200 * kUsdc, 400 * kUsdc);
}

TEST_F(AgentsTest, positions_and_orders_of_all_markets_stay_below_the_exposure_limit) {
  RiskLimits limits;
  limits.exposure_max = Micro(1'000 * kUsdc);
  ASSERT_EQ(limit_risk(alice, limits).code, ResultCode::ok);
  ASSERT_EQ(rig.run_one(limit(bob, Side::sell, 60'000, 5'000)).code, ResultCode::ok);
  ASSERT_EQ(rig.run_one(limit(alice, Side::buy, 60'000, 5'000)).code, ResultCode::ok);  // 300
  ASSERT_EQ(rig.run_one(limit(alice, Side::buy, 2'900, 200'000, 1)).code, ResultCode::ok);
  // The position, the order at the mark, and this one: 300 + 600 + 120.
  expect_exceeded(rig.run_one(limit(alice, Side::buy, 60'000, 2'000)), RiskLimit::exposure,
                  1'020 * kUsdc, 1'000 * kUsdc);
  Command reduces = limit(alice, Side::sell, 60'000, 5'000);
  reduces.place.flags = kReduceOnly;
  EXPECT_EQ(rig.run_one(reduces).code, ResultCode::ok);
}

TEST_F(AgentsTest, orders_of_one_batch_count_together) {
  RiskLimits limits;
  limits.exposure_max = Micro(1'000 * kUsdc);
  ASSERT_EQ(limit_risk(alice, limits).code, ResultCode::ok);
  for (int i = 0; i < 2; ++i) rig.add(limit(alice, Side::buy, 59'000, 10'000));  // 590 each
  rig.run();
  EXPECT_EQ(rig.output.outcomes[0].code, ResultCode::ok);
  // By then the first one rests, and counts at the mark.
  expect_exceeded(rig.output.outcomes[1], RiskLimit::exposure, (600 + 590) * kUsdc, 1'000 * kUsdc);
}

TEST_F(AgentsTest, an_order_that_only_shrinks_is_never_beyond_a_limit) {
  const Outcome order = rig.run_one(limit(alice, Side::buy, 59'000, 100'000));
  RiskLimits limits;
  limits.exposure_max = Micro(1'000 * kUsdc);
  limits.leverage_max = 2;
  ASSERT_EQ(limit_risk(alice, limits).code, ResultCode::ok);
  EXPECT_EQ(rig.run_one(amend(alice, order.id, 0, 50'000)).code, ResultCode::ok);
  expect_exceeded(rig.run_one(amend(alice, order.id, 59'100, 0)), RiskLimit::leverage, 10, 2);
}

TEST_F(AgentsTest, after_the_daily_loss_only_orders_that_reduce_go_on_until_midnight) {
  RiskLimits limits;
  limits.daily_loss_max = Micro(2 * kUsdc);
  ASSERT_EQ(limit_risk(alice, limits).code, ResultCode::ok);
  ASSERT_EQ(rig.run_one(limit(bob, Side::sell, 60'000, 100'000)).code, ResultCode::ok);
  ASSERT_EQ(rig.run_one(limit(alice, Side::buy, 60'000, 100'000)).code, ResultCode::ok);
  EXPECT_NE(find_event(EventType::risk_day_started, alice), nullptr);
  // A fee of 5 bps on 6,000 USDC: 3 USDC are gone.
  expect_exceeded(rig.run_one(limit(alice, Side::buy, 59'000, 1'000)), RiskLimit::daily_loss,
                  3 * kUsdc, 2 * kUsdc);
  Command reduces = limit(alice, Side::sell, 60'000, 100'000);
  reduces.place.flags = kReduceOnly;
  EXPECT_EQ(rig.run_one(reduces).code, ResultCode::ok);
  rig.now_ms = (rig.now_ms / 86'400'000 + 1) * 86'400'000;
  for (uint32_t i = 0; i < limits::kFreshUpdatesToResume; ++i) rig.set_price(0, Price(60'000));
  EXPECT_EQ(rig.run_one(limit(alice, Side::buy, 59'000, 1'000)).code, ResultCode::ok);
}

TEST_F(AgentsTest, a_stake_is_no_loss_of_the_day) {
  RiskLimits limits;
  limits.daily_loss_max = Micro(2 * kUsdc);
  ASSERT_EQ(limit_risk(alice, limits).code, ResultCode::ok);
  ASSERT_EQ(rig.run_one(limit(alice, Side::buy, 59'000, 1'000)).code, ResultCode::ok);
  Command bet(CommandType::create_signal, alice, 0);
  bet.create_signal = CreateSignal{61'000, Micro(900 * kUsdc), 60'000, SignalKind::price_above, {}};
  ASSERT_EQ(rig.run_one(bet).code, ResultCode::ok);
  EXPECT_EQ(rig.run_one(limit(alice, Side::buy, 59'000, 1'000)).code, ResultCode::ok);
}

TEST_F(AgentsTest, a_payment_is_credited_once) {
  ASSERT_EQ(pay(CommandType::deposit, alice, 5 * kUsdc, kOnChain, 9).code, ResultCode::ok);
  const LedgerEntry& entry = find_event(EventType::ledger_entry, alice)->ledger_entry;
  EXPECT_EQ(entry.is_onchain, 1);
  EXPECT_EQ(entry.claim[0], 9);
  EXPECT_EQ(pay(CommandType::deposit, bob, 5 * kUsdc, kOnChain, 9).code,
            ResultCode::already_claimed);
  EXPECT_EQ(pay(CommandType::deposit, bob, 0, kOnChain, 10).code, ResultCode::invalid_amount);
  EXPECT_EQ(pay(CommandType::deposit, bob, kUsdc, kOnChain, 10).code, ResultCode::ok)
      << "a refused deposit leaves its payment good";
  EXPECT_EQ(pay(CommandType::deposit, bob, kUsdc, 0).code, ResultCode::ok);
  EXPECT_EQ(pay(CommandType::deposit, bob, kUsdc, 0).code, ResultCode::ok);
}

TEST(DepositClaims, are_bounded) {
  DepositClaims claims;
  Sha256 claim{};
  for (uint32_t i = 1; i <= limits::kDepositClaimsMax; ++i) {
    ASSERT_FALSE(claims.is_full());
    std::memcpy(claim.data(), &i, sizeof i);
    claims.add(claim);
  }
  EXPECT_TRUE(claims.is_full());
  VectorSink saved;
  claims.save(saved);
  DepositClaims loaded;
  MemorySource source(saved.bytes().data(), saved.bytes().size());
  ASSERT_TRUE(loaded.load(source));
  EXPECT_TRUE(loaded.is_full());
  EXPECT_TRUE(loaded.contains(claim));
}

TEST_F(AgentsTest, withdrawals_on_chain_are_bounded_and_a_minute_apart) {
  const Outcome large = pay(CommandType::withdraw, alice, 10'001 * kUsdc, kOnChain);
  EXPECT_EQ(large.code, ResultCode::invalid_amount);
  EXPECT_EQ(large.values[1], 10'000 * kUsdc);
  ASSERT_EQ(pay(CommandType::withdraw, alice, 10'000 * kUsdc, kOnChain).code, ResultCode::ok);
  rig.now_ms += 59'000;
  const Outcome soon = pay(CommandType::withdraw, alice, kUsdc, kOnChain);
  EXPECT_EQ(soon.code, ResultCode::withdrawal_cooldown);
  EXPECT_EQ(soon.values[0], 1'000);
  EXPECT_EQ(pay(CommandType::withdraw, alice, 20'000 * kUsdc, 0).code, ResultCode::ok);
  EXPECT_EQ(pay(CommandType::withdraw, bob, kUsdc, kOnChain).code, ResultCode::ok);
  rig.now_ms += 1'000;
  EXPECT_EQ(pay(CommandType::withdraw, alice, kUsdc, kOnChain).code, ResultCode::ok);
}

TEST_F(AgentsTest, a_faucet_once_a_window_says_how_long_to_wait) {
  ASSERT_EQ(pay(CommandType::claim_faucet, alice, 10'000 * kUsdc, kOncePerWindow).code,
            ResultCode::ok);
  rig.now_ms += 3'600'000;
  const Outcome again = pay(CommandType::claim_faucet, alice, 10'000 * kUsdc, kOncePerWindow);
  EXPECT_EQ(again.code, ResultCode::faucet_limit);
  EXPECT_EQ(again.values[1], 0);
  EXPECT_EQ(again.values[2], 23 * 3'600'000);
  EXPECT_EQ(pay(CommandType::claim_faucet, alice, 10'000 * kUsdc, 0).code, ResultCode::ok)
      << "the daily amount is not used up";
  rig.now_ms += 23 * 3'600'000;
  EXPECT_EQ(pay(CommandType::claim_faucet, alice, 10'000 * kUsdc, kOncePerWindow).code,
            ResultCode::ok);
}

}  // namespace
}  // namespace perpetua
