// Signals and bets through the engine: docs/rules-agents.md section 25.
#include <gtest/gtest.h>

#include "engine/test_support.hpp"

namespace perpetua {
namespace {

using namespace test;

constexpr Micro kRich(10'000'000'000);    // 10,000 USDC
constexpr Micro kStake(100'000'000);      // 100 USDC
constexpr int64_t kMinuteMs = 60'000;

struct SignalsTest : ::testing::Test {
  Rig rig;
  AgentId alice = 0, bob = 0, carol = 0;

  void SetUp() override {
    rig.open_market(make_spec(), Price(60'000));
    alice = rig.add_agent(kRich);
    bob = rig.add_agent(kRich);
    carol = rig.add_agent(kRich);
  }

  Outcome bet(AgentId agent, SignalKind kind, int64_t target, Micro stake = kStake,
              int64_t duration_ms = kMinuteMs) {
    Command command(CommandType::create_signal, agent, 0);
    command.create_signal = CreateSignal{};
    command.create_signal.kind = kind;
    command.create_signal.target = target;
    command.create_signal.stake = stake;
    command.create_signal.duration_ms = duration_ms;
    return rig.run_one(command);
  }
  Outcome fade(AgentId agent, SignalId id) {
    Command command(CommandType::fade_signal, agent);
    command.fade_signal.signal_id = id;
    return rig.run_one(command);
  }
  void set_mode(MarketMode mode) {
    Command command(CommandType::set_market_mode, 0, 0);
    command.set_market_mode.mode = mode;
    ASSERT_EQ(rig.run_one(command).code, ResultCode::ok);
  }
  // A live mark again, after any time.
  void wake(int64_t price) {
    for (uint32_t i = 0; i < limits::kFreshUpdatesToResume; ++i) rig.set_price(0, Price(price));
  }
  const SignalClosed* closing() const {
    for (const Event& event : rig.output.events) {
      if (event.header.type == EventType::signal_closed) return &event.signal_closed;
    }
    return nullptr;
  }
  Micro free_of(AgentId agent) const {
    struct Sink final : DescribeSink {
      void on_event(const Event& event, std::string_view) override {
        const bool is_hers = event.header.agent == wanted;
        if (is_hers && event.header.type == EventType::account_changed) {
          EXPECT_EQ(event.account_changed.reserved, Micro(0));
          free = event.account_changed.free;
        }
      }
      AgentId wanted = 0;
      Micro free;
    } sink;
    sink.wanted = agent;
    rig.engine.describe(sink);
    return sink.free;
  }
};

TEST_F(SignalsTest, the_winner_gets_both_stakes_less_one_percent) {
  const Outcome signal = bet(alice, SignalKind::price_above, 60'100);
  ASSERT_EQ(signal.code, ResultCode::ok);
  EXPECT_EQ(signal.id, make_signal_id(0, 1));
  EXPECT_EQ(signal.values[0], 60'000);
  EXPECT_EQ(signal.values[1], rig.now_ms + kMinuteMs);
  EXPECT_EQ(free_of(alice), kRich - kStake);
  const Outcome faded = fade(bob, signal.id);
  ASSERT_EQ(faded.code, ResultCode::ok);
  EXPECT_EQ(faded.values[0], 200'000'000);
  EXPECT_EQ(faded.values[1], alice);
  EXPECT_EQ(free_of(bob), kRich - kStake);
  rig.now_ms += kMinuteMs - 5'000;
  wake(60'200);
  EXPECT_EQ(closing(), nullptr) << "before its expiry";
  rig.now_ms += 5'000;
  rig.set_price(0, Price(60'200));
  const SignalClosed* closed = closing();
  ASSERT_NE(closed, nullptr);
  EXPECT_EQ(closed->end, SignalEnd::settled);
  EXPECT_EQ(closed->mark, Price(60'200));
  EXPECT_EQ(closed->winner, alice);
  EXPECT_EQ(closed->payout, Micro(198'000'000));
  EXPECT_EQ(closed->fee, Micro(2'000'000));
  EXPECT_EQ(free_of(alice), kRich + kStake - Micro(2'000'000));
  EXPECT_EQ(free_of(bob), kRich - kStake);
}

TEST_F(SignalsTest, the_fee_is_rounded_up_and_paid_out_of_the_pot) {
  const Outcome signal = bet(alice, SignalKind::price_below, 60'000, Micro(51));
  ASSERT_EQ(fade(bob, signal.id).code, ResultCode::ok);
  rig.now_ms += kMinuteMs;
  wake(59'900);
  ASSERT_NE(closing(), nullptr);
  EXPECT_EQ(closing()->fee, Micro(2));  // 1.02
  EXPECT_EQ(closing()->payout, Micro(100));
}

TEST_F(SignalsTest, a_target_that_is_only_touched_is_not_passed) {
  const Outcome above = bet(alice, SignalKind::price_above, 60'000);
  ASSERT_EQ(fade(bob, above.id).code, ResultCode::ok);
  rig.now_ms += kMinuteMs;
  wake(60'000);
  ASSERT_NE(closing(), nullptr);
  EXPECT_EQ(closing()->winner, bob);
}

TEST_F(SignalsTest, a_move_counts_from_the_mark_at_creation_in_both_directions) {
  rig.now_ms += 1'000;
  rig.set_price(0, Price(60'300));
  const Outcome one_percent = bet(alice, SignalKind::price_change, 10'000);
  ASSERT_EQ(fade(bob, one_percent.id).code, ResultCode::ok);
  rig.now_ms += kMinuteMs;
  wake(59'697);  // 603 of 60,300: exactly one per cent
  ASSERT_NE(closing(), nullptr);
  EXPECT_EQ(closing()->winner, alice);
  const Outcome more = bet(alice, SignalKind::price_change, 10'000);
  ASSERT_EQ(fade(bob, more.id).code, ResultCode::ok);
  rig.now_ms += kMinuteMs;
  wake(60'293);  // 596 of 59,697
  ASSERT_NE(closing(), nullptr);
  EXPECT_EQ(closing()->winner, bob);
}

TEST_F(SignalsTest, while_the_index_is_stale_a_bet_waits_for_the_first_live_mark) {
  const Outcome signal = bet(alice, SignalKind::price_above, 60'100);
  ASSERT_EQ(fade(bob, signal.id).code, ResultCode::ok);
  rig.now_ms += kMinuteMs;
  rig.run_one(Command(CommandType::tick));
  EXPECT_EQ(closing(), nullptr) << "the mark is a minute old";
  rig.now_ms += 30 * kMinuteMs;
  rig.set_price(0, Price(60'500));
  rig.set_price(0, Price(60'500));
  EXPECT_EQ(closing(), nullptr) << "not fresh yet";
  rig.set_price(0, Price(60'500));
  ASSERT_NE(closing(), nullptr);
  EXPECT_EQ(closing()->mark, Price(60'500));
  EXPECT_EQ(closing()->winner, alice);
}

TEST_F(SignalsTest, without_a_live_mark_for_an_hour_both_stakes_go_back) {
  const Outcome signal = bet(alice, SignalKind::price_above, 60'100);
  ASSERT_EQ(fade(bob, signal.id).code, ResultCode::ok);
  EXPECT_EQ(rig.engine.next_deadline_ms(), rig.now_ms + kMinuteMs + limits::kSignalSettleWaitMs);
  rig.now_ms += kMinuteMs + limits::kSignalSettleWaitMs - 1;
  rig.run();
  EXPECT_EQ(closing(), nullptr);
  ++rig.now_ms;
  rig.set_price(0, Price(60'500));  // time comes before the price of the same batch
  ASSERT_NE(closing(), nullptr);
  EXPECT_EQ(closing()->end, SignalEnd::voided);
  EXPECT_EQ(closing()->winner, 0u);
  EXPECT_EQ(free_of(alice), kRich);
  EXPECT_EQ(free_of(bob), kRich);
}

TEST_F(SignalsTest, a_halted_market_decides_when_it_opens_again) {
  const Outcome signal = bet(alice, SignalKind::price_below, 60'000);
  ASSERT_EQ(fade(bob, signal.id).code, ResultCode::ok);
  set_mode(MarketMode::halted);
  rig.now_ms += kMinuteMs;
  wake(59'800);
  EXPECT_EQ(closing(), nullptr);
  set_mode(MarketMode::open);
  ASSERT_NE(closing(), nullptr);
  EXPECT_EQ(closing()->winner, alice);
}

TEST_F(SignalsTest, a_stake_that_nobody_faded_goes_back_at_its_expiry) {
  const Outcome signal = bet(alice, SignalKind::price_above, 60'100);
  EXPECT_EQ(rig.engine.next_deadline_ms(), rig.now_ms + kMinuteMs);
  set_mode(MarketMode::halted);
  rig.now_ms += kMinuteMs;
  rig.run();
  ASSERT_NE(closing(), nullptr);
  EXPECT_EQ(closing()->end, SignalEnd::refunded);
  EXPECT_EQ(free_of(alice), kRich);
  set_mode(MarketMode::open);
  wake(60'000);
  EXPECT_EQ(fade(bob, signal.id).code, ResultCode::signal_expired);
}

TEST_F(SignalsTest, a_market_that_is_settled_gives_all_stakes_back) {
  bet(alice, SignalKind::price_above, 60'100);
  const Outcome matched = bet(bob, SignalKind::price_above, 60'100);
  ASSERT_EQ(fade(carol, matched.id).code, ResultCode::ok);
  set_mode(MarketMode::settled);
  for (const AgentId agent : {alice, bob, carol}) EXPECT_EQ(free_of(agent), kRich);
  EXPECT_EQ(bet(alice, SignalKind::price_above, 60'100).code, ResultCode::market_closed);
  EXPECT_EQ(free_of(alice), kRich);
}

TEST_F(SignalsTest, what_cannot_be_faded_says_why) {
  const Outcome signal = bet(alice, SignalKind::price_above, 60'100);
  EXPECT_EQ(fade(alice, signal.id).code, ResultCode::own_signal);
  EXPECT_EQ(fade(bob, make_signal_id(0, 2)).code, ResultCode::signal_not_found);
  EXPECT_EQ(fade(bob, make_signal_id(9, 1)).code, ResultCode::signal_not_found);
  ASSERT_EQ(fade(bob, signal.id).code, ResultCode::ok);
  EXPECT_EQ(fade(carol, signal.id).code, ResultCode::already_matched);
  const Outcome stale = bet(alice, SignalKind::price_above, 60'100);
  rig.now_ms += 20'000;
  EXPECT_EQ(fade(carol, stale.id).code, ResultCode::market_closed);
  EXPECT_EQ(free_of(carol), kRich);
}

TEST_F(SignalsTest, of_two_who_fade_at_once_the_second_gets_its_stake_back) {
  const Outcome signal = bet(alice, SignalKind::price_above, 60'100);
  for (const AgentId agent : {bob, carol}) {
    Command command(CommandType::fade_signal, agent);
    command.fade_signal.signal_id = signal.id;
    rig.add(command);
  }
  rig.run();
  EXPECT_EQ(rig.output.outcomes[0].code, ResultCode::ok);
  EXPECT_EQ(rig.output.outcomes[1].code, ResultCode::already_matched);
  EXPECT_EQ(free_of(carol), kRich);
}

TEST_F(SignalsTest, terms_outside_their_bounds_are_refused_with_the_bounds) {
  const Outcome stake =
      bet(alice, SignalKind::price_above, 60'100, Micro(limits::kSignalStakeMaxMicro + 1));
  EXPECT_EQ(stake.code, ResultCode::invalid_amount);
  EXPECT_EQ(stake.values[2], limits::kSignalStakeMaxMicro);
  const Outcome duration = bet(alice, SignalKind::price_above, 60'100, kStake, 35'999);
  EXPECT_EQ(duration.code, ResultCode::invalid_expiry);
  EXPECT_EQ(duration.values[1], 36'000);
  const Outcome target = bet(alice, SignalKind::price_above, 10'000'001);
  EXPECT_EQ(target.code, ResultCode::invalid_target);
  EXPECT_EQ(target.values[2], 10'000'000);
  const AgentId poor = rig.add_agent(Micro(1'000'000));
  const Outcome money = bet(poor, SignalKind::price_above, 60'100);
  EXPECT_EQ(money.code, ResultCode::insufficient_balance);
  EXPECT_EQ(money.values[1], 1'000'000);
}

TEST_F(SignalsTest, an_agent_holds_at_most_a_hundred_signals_in_a_market) {
  for (uint32_t i = 0; i < limits::kSignalsPerAgentMax; ++i) {
    ASSERT_EQ(bet(alice, SignalKind::price_above, 60'100, Micro(1)).code, ResultCode::ok);
  }
  const Outcome refused = bet(alice, SignalKind::price_above, 60'100, Micro(1));
  EXPECT_EQ(refused.code, ResultCode::too_many_signals);
  EXPECT_EQ(refused.values[0], 100);
  EXPECT_EQ(bet(bob, SignalKind::price_above, 60'100, Micro(1)).code, ResultCode::ok);
}

TEST_F(SignalsTest, a_key_with_limits_cannot_bet) {
  Command key(CommandType::create_key, alice);
  key.create_key = CreateKey{};
  key.create_key.key_sha256[3] = 77;
  key.create_key.limits.leverage_max = 5;
  const Outcome made = rig.run_one(key, "bot");
  ASSERT_EQ(made.code, ResultCode::ok);
  Command command(CommandType::create_signal, alice, 0);
  command.header.key_id = static_cast<uint32_t>(made.id);
  command.create_signal = CreateSignal{60'100, kStake, kMinuteMs, SignalKind::price_above, {}};
  EXPECT_EQ(rig.run_one(command).code, ResultCode::key_limited);
}

}  // namespace
}  // namespace perpetua
