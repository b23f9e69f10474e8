// GatewayPart: the roles api and ws: a gateway on a replica of the exchange. Commands leave through
// Redis, reads come from the replica's hot store behind a read barrier, the history from its
// database.
//
// Order: made once the replica is open; warm_start() after the replica's recovery, bootstraps its
// hot store; connect(); the replica follows; start(); stop() while the replica still follows, so
// that requests in flight are answered.
// Thread-safety: one owner; advanced() on the follower's thread; Collect() by any.
#pragma once

#include <prometheus/collectable.h>

#include <memory>
#include <string>
#include <vector>

#include "cluster/read_barrier.hpp"
#include "cluster/remote_port.hpp"
#include "gateway/read_barrier.hpp"
#include "gateway/server.hpp"
#include "gateway/ws/hub.hpp"
#include "redis_budgets.hpp"
#include "redis_notes.hpp"
#include "roles.hpp"
#include "roles/merged_metrics.hpp"
#include "roles/remote_history.hpp"
#include "roles/replica.hpp"

namespace perpetua::app {

inline constexpr int64_t kHistoryStartMs = 3'000;  // a start waits so long for the history

class GatewayPart final : public gateway::ReadBarrier, public prometheus::Collectable {
 public:
  GatewayPart(const Settings& settings, const Roles& roles, Replica& replica,
              redis::Client& client);
  ~GatewayPart() override;

  void warm_start();
  void connect();
  // `others`: collectables of other parts of this process, for /metrics.
  void start(std::vector<const prometheus::Collectable*> others,
             std::function<bool(std::string& why_not)> is_ready);
  void stop();

  void advanced(BatchNumber last_batch) { barrier_.advanced(last_batch); }

  bool is_needed() const override { return true; }
  void wait(std::function<void()> done) override { barrier_.wait(std::move(done)); }

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  std::string degraded() const;
  void give_up(std::span<const cluster::Ended> ended);

  const Settings& settings_;
  const Roles roles_;
  Replica& replica_;
  gateway::ServerOptions options_;
  gateway::ReplyRouter replies_;
  RedisBudgets budgets_;
  RedisNotes notes_;
  RemoteHistory history_;
  cluster::ReadBarrier barrier_;
  cluster::RemotePort port_;
  std::unique_ptr<gateway::ws::Hub> hub_;  // null without the role ws
  std::unique_ptr<MergedMetrics> metrics_;
  std::unique_ptr<gateway::Server> server_;
};

}  // namespace perpetua::app
