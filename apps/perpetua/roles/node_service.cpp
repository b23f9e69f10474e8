#include "roles/node_service.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "metric_families.hpp"
#include "redis_setup.hpp"
#include "roles/replica_metrics.hpp"
#include "runtime_metrics.hpp"
#include "serve.hpp"

namespace perpetua::app {
namespace {

constexpr std::chrono::milliseconds kFollowPoll{5};

}  // namespace

NodeService::NodeService(const Settings& settings, const Roles& roles, std::string data_dir)
    : settings_(settings),
      roles_(roles),
      data_dir_(std::move(data_dir)),
      client_(redis_options(settings)),
      replica_(settings, data_dir_, client_,
               roles.projector ? static_cast<uint64_t>(settings.integer("snapshot_every")) : 0) {
  start_client(client_);
}

NodeService::~NodeService() { stop(); }

bool NodeService::build(const Replica::IsStopping& is_stopping,
                        std::vector<const prometheus::Collectable*> collectables) {
  if (!replica_.open(is_stopping)) return false;
  if (roles_.serves_agents()) {
    gateway_ = std::make_unique<GatewayPart>(settings_, roles_, replica_, client_);
  }
  if (roles_.projector) {
    projector_ = std::make_unique<ProjectorPart>(settings_, data_dir_, replica_, client_);
    projector_->recover();
    replica_.bootstrap();
    projector_->warm_start();
  } else {
    const auto result = replica_.recover(0, nullptr);
    if (!result.status.ok()) throw std::runtime_error(result.status.message);
    gateway_->warm_start();
  }
  if (gateway_ != nullptr) gateway_->connect();
  if (projector_ != nullptr) projector_->connect();
  replica_.follow([this](BatchNumber last_batch) {
    if (gateway_ != nullptr) gateway_->advanced(last_batch);
  });
  is_serving_ = true;
  if (projector_ != nullptr) projector_->start();
  if (!wait_until_following(is_stopping)) return false;
  if (gateway_ != nullptr) {
    gateway_->start(std::move(collectables),
                    [this](std::string& why_not) { return is_ready(why_not); });
  }
  return true;
}

bool NodeService::wait_until_following(const Replica::IsStopping& is_stopping) const {
  std::string why_not;
  while (!replica_.is_following(why_not)) {
    if (is_stopping()) return false;
    if (replica_.feed_status().has_failed) throw std::runtime_error(why_not);
    why_not.clear();
    std::this_thread::sleep_for(kFollowPoll);
  }
  return true;
}

int NodeService::stop() {
  const auto exit_code = [this] { return has_failed_ ? kExitReplicaFailed : 0; };
  if (is_stopped_) return exit_code();
  is_stopped_ = true;
  if (gateway_ != nullptr) gateway_->stop();
  if (is_serving_) replica_.stop_following();
  if (projector_ != nullptr) projector_->stop();
  if (is_serving_) spdlog::info("stopped at batch {}", replica_.follower().last_batch());
  has_failed_ = is_serving_ && replica_.feed_status().has_failed;
  is_serving_ = false;
  client_.stop();
  return exit_code();
}

bool NodeService::is_ready(std::string& why_not) const {
  if (!is_serving_) {
    why_not = "starting";
    return false;
  }
  return replica_.is_following(why_not) && (projector_ == nullptr || projector_->is_ready(why_not));
}

std::string NodeService::degraded() const {
  return is_serving_ && projector_ != nullptr ? projector_->degraded() : "";
}

BatchNumber NodeService::applied_batch() const {
  return is_serving_ ? replica_.follower().last_batch() : 0;
}

std::vector<prometheus::MetricFamily> NodeService::Collect() const {
  if (!is_serving_) return {};
  MetricFamilies out;
  add_replica_metrics(out, replica_);
  add_state_metrics(out, replica_.hot());
  add_client_metrics(out, client_);
  std::vector<prometheus::MetricFamily> families = out.take();
  if (projector_ != nullptr) {
    for (auto& family : projector_->Collect()) families.push_back(std::move(family));
  }
  return families;
}

}  // namespace perpetua::app
