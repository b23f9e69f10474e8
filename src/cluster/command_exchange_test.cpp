// The whole path, gateway to journal, over one real server.
#include "cluster/command_exchange_test_support.hpp"

namespace perpetua::cluster {
namespace {

using redis::comes_true;

class CommandExchange : public ::testing::Test {
 protected:
  redis::TestServer server_;
  redis::StartedClient gateway_client_{server_.client_options()};
  redis::StartedClient engine_client_{server_.client_options()};
  Replies replies_;
};

// No keys: a second copy of a command would be executed.
TEST_F(CommandExchange, AnEngineThatCrashesAnywhereLosesNothingAndTakesNothingTwice) {
  RemotePort port(gateway_client_, port_options(), replies_.on_ended());
  replies_.attach(&port);
  ExchangeOverRedis exchange(engine_client_, replies_);
  ThoughtLoad load(port, false);
  for (uint64_t crash = 1; crash <= 8; ++crash) {
    const std::size_t before = replies_.answers().size();
    EXPECT_TRUE(comes_true([&] { return replies_.answers().size() > before + 60; }));
    exchange.crash(crash);
  }
  load.end();
  const uint64_t accepted = load.accepted();
  EXPECT_TRUE(comes_true([&] { return replies_.are_answered_once(accepted); }));
  EXPECT_EQ(replies_.refusals(), 0u);
  EXPECT_TRUE(replies_.endings().empty());
  const Executed executed = exchange.finish();
  EXPECT_EQ(executed.texts.size(), accepted);
  EXPECT_TRUE(are_in_order(executed.texts));
  EXPECT_EQ(executed.refused_markers, 0u);
  EXPECT_EQ(port.counters().sent_again, 0u);
  port.stop();
}

TEST_F(CommandExchange, ARedisThatIsEmptiedUnderLoadCostsNothingThatHasAKey) {
  RemotePort port(gateway_client_, port_options(), replies_.on_ended());
  replies_.attach(&port);
  ExchangeOverRedis exchange(engine_client_, replies_);
  ThoughtLoad load(port, true);
  for (int times = 0; times < 5; ++times) {
    const std::size_t before = replies_.answers().size();
    EXPECT_TRUE(comes_true([&] { return replies_.answers().size() > before + 60; }));
    redis::one(gateway_client_, redis::Request("", {"FLUSHALL"}));
  }
  load.end();
  EXPECT_TRUE(comes_true([&] { return replies_.are_answered_once(load.accepted()); }));
  EXPECT_EQ(replies_.refusals(), 0u);
  const Executed executed = exchange.finish();
  // Not in order: entries that share the millisecond of the loss are found missing only later.
  EXPECT_EQ(executed.texts.size(), load.accepted());
  EXPECT_EQ(std::set(executed.texts.begin(), executed.texts.end()).size(), load.accepted());
  port.stop();
}

TEST_F(CommandExchange, ARedisThatIsKilledAndComesBackEmptyCostsNothingThatHasAKey) {
  RemotePortOptions options = port_options();
  options.append_timeout_ms = 100;
  RemotePort port(gateway_client_, options, replies_.on_ended());
  replies_.attach(&port);
  ExchangeOverRedis exchange(engine_client_, replies_);
  ThoughtLoad load(port, true);
  for (int times = 0; times < 3; ++times) {
    const std::size_t before = replies_.answers().size();
    EXPECT_TRUE(comes_true([&] { return replies_.answers().size() > before + 60; }));
    server_.kill();
    server_.start();
  }
  load.end();
  EXPECT_TRUE(comes_true([&] { return replies_.are_answered_once(load.accepted()); }));
  const Executed executed = exchange.finish();
  EXPECT_EQ(executed.texts.size(), load.accepted());
  EXPECT_TRUE(are_in_order(executed.texts));
  port.stop();
}

TEST_F(CommandExchange, TwoGatewaysGetTheirOwnAnswers) {
  Replies others;
  RemotePort port(gateway_client_, port_options(1), replies_.on_ended());
  RemotePort other(gateway_client_, port_options(2), others.on_ended());
  replies_.attach(&port);
  FakeEngine engine(&replies_);
  CommandIntake intake(engine_client_, engine, CommandIntakeOptions{three_markets(), {}});
  intake.start();
  for (uint64_t token = 0; token < 100; ++token) {
    submit_thought(port, token, 1, 0, thought_text(1, token));
    submit_thought(other, 1'000 + token, 2, 0, thought_text(2, token));
  }
  EXPECT_TRUE(comes_true([&] { return engine.texts().size() == 200; }));
  EXPECT_TRUE(replies_.are_answered_once(100));
  EXPECT_EQ(other.counters().commands_in_flight, 100u);
  replies_.attach(nullptr);
}

}  // namespace
}  // namespace perpetua::cluster
