// Messages, signals, risk limits and payments as the hot store shows them.
#include "stores/perpetual_test_support.hpp"

namespace perpetua::stores {
namespace {

using namespace test;

constexpr int64_t kUsdc = 1'000'000;
constexpr int64_t kMinuteMs = 60'000;

Outcome post(PerpetualMarket& market, AgentId from, MessageKind kind, std::string_view text,
             AgentId to = 0, uint16_t metadata_length = 0) {
  Command command(CommandType::post_thought, from);
  command.thought.kind = kind;
  command.thought.to_agent = to;
  command.thought.metadata_length = metadata_length;
  return market.run(command, text);
}

Outcome bet(PerpetualMarket& market, AgentId agent, SignalKind kind, int64_t target) {
  Command command(CommandType::create_signal, agent, 0);
  command.create_signal = CreateSignal{target, Micro(100 * kUsdc), kMinuteMs, kind, {}};
  return market.run(command);
}

Outcome fade(PerpetualMarket& market, AgentId agent, SignalId id) {
  Command command(CommandType::fade_signal, agent);
  command.fade_signal.signal_id = id;
  return market.run(command);
}

Outcome pay(PerpetualMarket& market, CommandType type, AgentId agent, int64_t usdc,
            uint8_t flags) {
  Command command(type, agent);
  command.money = MoveMoney{};
  command.money.amount = Micro(usdc * kUsdc);
  command.money.flags = flags;
  return market.run(command);
}

std::vector<std::string> texts(const std::vector<MessageView>& messages) {
  std::vector<std::string> result;
  for (const MessageView& message : messages) result.push_back(message.text);
  return result;
}

using Texts = std::vector<std::string>;

TEST(HotStoreAgents, an_agent_is_found_by_its_address_in_any_letters) {
  PerpetualMarket market;
  const std::string wallet = "0xABCDEFabcdefABCDEFabcdefABCDEFabcdef0123";
  const std::string text = wallet + "Ann" + "bio" + "ann_x";
  Command command(CommandType::register_agent);
  command.register_agent = RegisterAgent{};
  command.register_agent.wallet_length = 42;
  command.register_agent.display_name_length = 3;
  command.register_agent.bio_length = 3;
  command.register_agent.twitter_handle_length = 5;
  const auto agent = static_cast<AgentId>(market.run(command, text).id);
  HotStore described;
  market.describe(described);
  for (const HotStore* store : {&market.hot, &described}) {
    const auto found = store->agent_by_wallet("0xabcdefabcdefabcdefabcdefabcdefabcdef0123");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->id, agent);
    EXPECT_EQ(found->wallet, wallet) << "shown as it was given";
    EXPECT_EQ(found->twitter_handle, "ann_x");
    EXPECT_EQ(found->bio, "bio");
    EXPECT_FALSE(store->agent_by_wallet("0xabcdefabcdefabcdefabcdefabcdefabcdef012"));
  }
}

TEST(HotStoreAgents, a_key_shows_its_name) {
  PerpetualMarket market;
  const AgentId agent = market.add_agent(10);
  Command command(CommandType::create_key, agent);
  command.create_key = CreateKey{};
  command.create_key.key_sha256[5] = 5;
  market.run(command, "trading bot");
  HotStore described;
  market.describe(described);
  for (const HotStore* store : {&market.hot, &described}) {
    ASSERT_EQ(store->keys(agent).size(), 2u);
    EXPECT_EQ(store->keys(agent)[0].name, "");
    EXPECT_EQ(store->keys(agent)[1].name, "trading bot");
    EXPECT_EQ(store->find_key(command.create_key.key_sha256)->name, "trading bot");
  }
}

TEST(HotStoreAgents, messages_come_by_kind_and_thoughts_stay_a_feed_of_their_own) {
  PerpetualMarket market;
  const AgentId ann = market.add_agent(10);
  const AgentId bob = market.add_agent(10);
  post(market, ann, MessageKind::thought, "t1");
  post(market, bob, MessageKind::chat, "c1{}", 0, 2);
  post(market, bob, MessageKind::signal, "s1");
  post(market, bob, MessageKind::thought, "t2");
  EXPECT_EQ(texts(market.hot.thoughts(0, 10)), (Texts{"t2", "t1"}));
  EXPECT_EQ(texts(market.hot.thoughts_of(bob, 0, 10)), (Texts{"t2"}));
  EXPECT_EQ(texts(market.hot.messages(kAllMessageKinds, 0, 10)), (Texts{"t2", "s1", "c1", "t1"}));
  EXPECT_EQ(texts(market.hot.messages(kAllMessageKinds, 0, 2)), (Texts{"t2", "s1"}));
  EXPECT_EQ(texts(market.hot.messages(kAllMessageKinds, 3, 10)), (Texts{"c1", "t1"}));
  const MessageKinds spoken = message_bit(MessageKind::chat) | message_bit(MessageKind::signal);
  EXPECT_EQ(texts(market.hot.messages(spoken, 0, 10)), (Texts{"s1", "c1"}));
  EXPECT_EQ(market.hot.messages(message_bit(MessageKind::chat), 0, 10)[0].metadata, "{}");
}

TEST(HotStoreAgents, a_private_message_is_read_by_its_two_ends_alone) {
  PerpetualMarket market;
  const AgentId ann = market.add_agent(10);
  const AgentId bob = market.add_agent(10);
  const AgentId eve = market.add_agent(10);
  post(market, ann, MessageKind::chat, "to bob", bob);
  post(market, bob, MessageKind::agent_message, "to ann", ann);
  EXPECT_EQ(texts(market.hot.private_messages(ann, 0, 10)), (Texts{"to ann", "to bob"}));
  EXPECT_EQ(texts(market.hot.private_messages(bob, 0, 1)), (Texts{"to ann"}));
  EXPECT_EQ(texts(market.hot.private_messages(bob, 2, 10)), (Texts{"to bob"}));
  EXPECT_TRUE(market.hot.private_messages(eve, 0, 10).empty());
  EXPECT_TRUE(market.hot.messages(kAllMessageKinds, 0, 10).empty());
  EXPECT_EQ(market.hot.private_messages(bob, 0, 10)[0].agent, bob);
  EXPECT_EQ(market.hot.private_messages(bob, 0, 10)[0].to_agent, ann);
}

TEST(HotStoreAgents, a_signal_goes_from_open_to_matched_to_settled) {
  PerpetualMarket market;
  const AgentId ann = market.add_agent(1'000);
  const AgentId bob = market.add_agent(1'000);
  const SignalId id = bet(market, ann, SignalKind::price_below, 60'500).id;
  EXPECT_EQ(market.hot.signal(id)->status(), SignalStatus::open);
  EXPECT_EQ(market.hot.betting(ann)->open, 1u);
  EXPECT_EQ(market.hot.betting(ann)->staked, Micro(100 * kUsdc));
  ASSERT_EQ(fade(market, bob, id).code, ResultCode::ok);
  EXPECT_EQ(market.hot.signal(id)->status(), SignalStatus::matched);
  EXPECT_EQ(market.hot.live_signals(kNoMarket, 10).size(), 1u);
  EXPECT_EQ(market.hot.betting_totals().pending, 1u);
  EXPECT_EQ(market.hot.betting_totals().staked, Micro(200 * kUsdc));
  EXPECT_EQ(market.hot.solvency().bet_escrow, Micro(200 * kUsdc));
  market.now_ms += kMinuteMs;
  for (int i = 0; i < 3; ++i) market.price(60'000);
  const SignalView settled = *market.hot.signal(id);
  EXPECT_EQ(settled.status(), SignalStatus::settled);
  EXPECT_EQ(settled.winner, ann);
  EXPECT_EQ(settled.settlement_mark, Price(60'000));
  EXPECT_EQ(settled.payout, Micro(198 * kUsdc));
  EXPECT_EQ(settled.closed_at_ms, market.now_ms);
  EXPECT_TRUE(market.hot.live_signals(kNoMarket, 10).empty());
  EXPECT_EQ(market.hot.closed_signals(0, 10), std::vector<SignalView>{settled});
  EXPECT_TRUE(market.hot.closed_signals(1, 10).empty());
  EXPECT_EQ(market.hot.betting(ann)->record,
            (BettingRecord{1, 1, 1, 0, Micro(100 * kUsdc), Micro(198 * kUsdc)}));
  EXPECT_EQ(market.hot.betting(bob)->record,
            (BettingRecord{0, 1, 0, 1, Micro(100 * kUsdc), Micro(0)}));
  EXPECT_EQ(market.hot.betting_totals().totals,
            (BettingTotals{1, 1, 1, Micro(200 * kUsdc), Micro(198 * kUsdc), Micro(2 * kUsdc)}));
  const SolvencyView money = market.hot.solvency();
  EXPECT_EQ(money.bet_escrow, Micro(0));
  EXPECT_EQ(money.left_side(), money.right_side());
}

TEST(HotStoreAgents, a_refunded_signal_is_cancelled_and_no_bet_of_the_record) {
  PerpetualMarket market;
  const AgentId ann = market.add_agent(1'000);
  const SignalId id = bet(market, ann, SignalKind::price_above, 60'500).id;
  market.now_ms += kMinuteMs;
  market.run(Command(CommandType::tick));
  EXPECT_EQ(market.hot.signal(id)->status(), SignalStatus::cancelled);
  EXPECT_EQ(market.hot.betting(ann)->record, (BettingRecord{1, 0, 0, 0, Micro(0), Micro(0)}));
  EXPECT_EQ(market.hot.betting(ann)->staked, Micro(0));
}

TEST(HotStoreAgents, risk_shows_limits_exposure_and_the_days_result) {
  PerpetualMarket market;
  const AgentId ann = market.add_agent(10'000);
  const AgentId bob = market.add_agent(10'000);
  Command limits(CommandType::set_risk_limits, ann);
  limits.set_risk_limits = SetRiskLimits{};
  limits.set_risk_limits.limits.daily_loss_max = Micro(50 * kUsdc);
  limits.set_risk_limits.limits.leverage_max = 5;
  market.run(limits);
  market.trade(ann, bob, 60'000, 10'000, 5, 5);  // 600 USDC
  market.order(ann, Side::buy, 59'000, 5'000, 5);
  const RiskView risk = *market.hot.risk(ann);
  EXPECT_EQ(risk.limits, limits.set_risk_limits.limits);
  EXPECT_EQ(risk.exposure, Micro(600 * kUsdc + 5'000 * 60'000));
  EXPECT_EQ(risk.daily_pnl, Micro(-300'000)) << "the fee: 5 bps of 600";
  EXPECT_EQ(market.hot.risk(bob)->daily_pnl, Micro(-120'000));
  HotStore described;
  market.describe(described);
  EXPECT_EQ(described.risk(ann), market.hot.risk(ann)) << "its day is the engine's";
  pay(market, CommandType::deposit, ann, 100, 0);
  EXPECT_EQ(market.hot.risk(ann)->daily_pnl, Micro(-300'000)) << "a deposit is no profit";
  market.now_ms += 86'400'000;
  market.run(Command(CommandType::tick));
  EXPECT_EQ(market.hot.risk(ann)->daily_pnl, Micro(0)) << "a new day";
  EXPECT_EQ(market.hot.risk(ann)->trading_pnl, Micro(-300'000));
  EXPECT_FALSE(market.hot.risk(77));
}

TEST(HotStoreAgents, what_a_limit_refused_is_kept) {
  PerpetualMarket market;
  const AgentId ann = market.add_agent(10'000);
  Command limits(CommandType::set_risk_limits, ann);
  limits.set_risk_limits = SetRiskLimits{};
  limits.set_risk_limits.limits.leverage_max = 5;
  market.run(limits);
  Command order = limit(ann, Side::buy, 59'000, 5'000);
  order.place.leverage = 9;
  ASSERT_EQ(market.run(order).code, ResultCode::limit_exceeded);
  const auto violations = market.hot.violations(ann, 10);
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations[0].limit, RiskLimit::leverage);
  EXPECT_EQ(violations[0].value, 9);
  EXPECT_EQ(violations[0].allowed, 5);
  EXPECT_EQ(violations[0].time_ms, market.now_ms);
  EXPECT_TRUE(market.hot.violations(ann + 1, 10).empty());
}

TEST(HotStoreAgents, waits_of_faucet_and_withdrawals_are_read_now_and_after_a_restart) {
  PerpetualMarket market;
  const AgentId ann = market.add_agent(20'000);
  EXPECT_EQ(market.hot.money_state(ann)->faucet_cooldown_ms(market.now_ms), 0);
  EXPECT_EQ(market.hot.money_state(ann)->withdrawal_cooldown_ms(market.now_ms), 0);
  pay(market, CommandType::claim_faucet, ann, 10, kOncePerWindow);
  pay(market, CommandType::withdraw, ann, 10, kOnChain);
  HotStore described;
  market.describe(described);
  for (const HotStore* store : {&market.hot, &described}) {
    const MoneyStateView state = *store->money_state(ann);
    EXPECT_EQ(state.faucet_cooldown_ms(market.now_ms + 1'000), 86'399'000);
    EXPECT_EQ(state.faucet_cooldown_ms(market.now_ms + 86'400'000), 0);
    EXPECT_EQ(state.withdrawal_cooldown_ms(market.now_ms + 1'000), 59'000);
    EXPECT_EQ(state.withdrawal_cooldown_ms(market.now_ms + 60'000), 0);
    EXPECT_EQ(state.paid_in, Micro(20'000 * kUsdc));
  }
}

}  // namespace
}  // namespace perpetua::stores
