// The whole path over a Cluster of six real nodes whose masters die under load.
#include "cluster/command_exchange_test_support.hpp"

namespace perpetua::cluster {
namespace {

using redis::comes_true;

TEST(CommandExchangeCluster, AMasterThatDiesUnderLoadCostsNothingThatHasAKey) {
  redis::TestCluster cluster;
  redis::StartedClient gateway_client(cluster.client_options());
  redis::StartedClient engine_client(cluster.client_options());
  Replies replies;
  RemotePortOptions options = port_options();
  options.append_timeout_ms = 300;
  RemotePort port(gateway_client, options, replies.on_ended());
  replies.attach(&port);
  ExchangeOverRedis exchange(engine_client, replies);
  ThoughtLoad load(port, true);
  const auto answers_more = [&](std::size_t more) {
    const std::size_t before = replies.answers().size();
    return comes_true([&] { return replies.answers().size() >= before + more; });
  };
  EXPECT_TRUE(answers_more(100));
  const std::size_t victim = cluster.master_of(redis::key_slot("{BTC-PERP}:commands"));
  cluster.node(victim).kill();
  EXPECT_TRUE(comes_true([&] { return port.counters().streams_away > 0; }));
  EXPECT_TRUE(answers_more(500));  // the spares serve meanwhile
  cluster.wait_until_healthy();
  cluster.node(victim).start();
  EXPECT_TRUE(comes_true([&] { return port.counters().streams_away == 0; }));
  EXPECT_TRUE(answers_more(100));
  load.end();
  EXPECT_TRUE(comes_true([&] { return replies.are_answered_once(load.accepted()); }));
  EXPECT_TRUE(replies.endings().empty());
  EXPECT_EQ(replies.refusals(), 0u);
  const Executed executed = exchange.finish();
  EXPECT_EQ(executed.texts.size(), load.accepted());
  EXPECT_TRUE(are_in_order(executed.texts));
  port.stop();
}

}  // namespace
}  // namespace perpetua::cluster
