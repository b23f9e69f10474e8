// NodeService: the roles api, ws and projector, as this process has them, on one replica.
//
//   build()   waits for the exchange, recovers, follows, serves; false: asked to stop before
//   stop()    requests in flight first, then the rest
//
// Thread-safety: one owner; is_ready(), degraded() and Collect() by any thread.
#pragma once

#include <prometheus/collectable.h>

#include <memory>
#include <string>

#include "roles.hpp"
#include "roles/gateway_part.hpp"
#include "roles/projector_part.hpp"
#include "roles/replica.hpp"

namespace perpetua::app {

class NodeService final : public prometheus::Collectable {
 public:
  NodeService(const Settings& settings, const Roles& roles, std::string data_dir);
  ~NodeService() override;

  // `collectables`: all parts of the process, for /metrics, if this node serves agents.
  bool build(const Replica::IsStopping& is_stopping,
             std::vector<const prometheus::Collectable*> collectables);
  int stop();  // what the process should exit with

  bool is_ready(std::string& why_not) const;
  std::string degraded() const;
  BatchNumber applied_batch() const;  // 0 while it starts
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  bool wait_until_following(const Replica::IsStopping& is_stopping) const;

  const Settings& settings_;
  const Roles roles_;
  const std::string data_dir_;
  redis::Client client_;
  Replica replica_;
  std::unique_ptr<ProjectorPart> projector_;
  std::unique_ptr<GatewayPart> gateway_;
  std::atomic<bool> is_serving_{false};
  bool is_stopped_ = false;
  bool has_failed_ = false;
};

}  // namespace perpetua::app
