// The projection in a Cluster of three masters and three replicas.
#include "stores/projection/projection_test_support.hpp"

namespace perpetua::projection {
namespace {

using namespace test;

TEST(ProjectorCluster, a_master_killed_under_load_and_moved_slots_leave_everything_right) {
  redis::TestCluster cluster;
  Exchange exchange(cluster.client_options(), kClusterGroups);
  exchange.trade(200);
  exchange.settle();
  exchange.expect_same();
  const auto trade_until = [&](const std::function<bool()>& condition) {
    return eventually([&] {
      exchange.trade(1);
      return condition();
    });
  };
  // Slots of agents move while they trade.
  const auto slot = redis::key_slot(agent_key(1));
  const std::size_t from = cluster.master_of(slot);
  for (const std::size_t to : cluster.masters()) {
    if (to == from) continue;
    std::future<void> moved = std::async(std::launch::async, [&] { cluster.move_slot(slot, to); });
    EXPECT_TRUE(trade_until(
        [&] { return moved.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
    moved.get();
    break;
  }
  exchange.settle();
  exchange.expect_same();

  const std::size_t victim = cluster.master_of(redis::key_slot(agent_key(2)));
  cluster.node(victim).kill();
  EXPECT_TRUE(trade_until([&] {
    const ProjectorStatus status = exchange.projector->status();
    return status.failures > 0 && status.is_writing &&
           cluster.master_of(redis::key_slot(agent_key(2))) != victim;
  })) << exchange.projector->status().last_error;
  exchange.settle();
  exchange.expect_same();
  cluster.node(victim).start();
  cluster.wait_until_healthy();
  exchange.trade(50);
  exchange.settle();
  exchange.expect_same();
}

}  // namespace
}  // namespace perpetua::projection
