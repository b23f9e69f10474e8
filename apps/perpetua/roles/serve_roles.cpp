#include "roles/serve_roles.hpp"

#include <spdlog/spdlog.h>

#include <cstring>
#include <stdexcept>

#include "journal_setup.hpp"
#include "process_setup.hpp"
#include "roles/engine_service.hpp"
#include "roles/merged_metrics.hpp"
#include "roles/node_service.hpp"
#include "roles/status_server.hpp"
#include "server_setup.hpp"

namespace perpetua::app {
namespace {

void require_servers(const Settings& settings, const Roles& roles) {
  const std::string role = "role '" + to_string(roles) + "' ";
  if (settings.text("redis_url").empty()) {
    throw std::runtime_error(role + "needs Redis: REDIS_URL is not set");
  }
  if (settings.text("journal") != "postgres") {
    throw std::runtime_error(role + "needs journal = postgres, it is '" + settings.text("journal") +
                             "'");
  }
  journal_url(settings);  // throws without one
  if (roles.follows() && settings.text("database_url").empty()) {
    throw std::runtime_error(role + "needs the database of the history: DATABASE_URL is not set");
  }
}

// Readiness of all parts, for the process that serves no agents.
struct Parts {
  const NodeService* node;
  const EngineService* engine;

  bool is_ready(std::string& why_not) const {
    return (node == nullptr || node->is_ready(why_not)) &&
           (engine == nullptr || engine->is_ready(why_not));
  }
  std::string degraded() const {
    const std::string of_node = node == nullptr ? "" : node->degraded();
    const std::string of_engine = engine == nullptr ? "" : engine->degraded();
    return of_node + (of_node.empty() || of_engine.empty() ? "" : "; ") + of_engine;
  }
  BatchNumber applied_batch() const {
    return engine != nullptr ? engine->applied_batch() : node->applied_batch();
  }
};

}  // namespace

int serve_roles(const Settings& settings, const Roles& roles) {
  require_servers(settings, roles);
  const sigset_t signals = block_signals();
  raise_file_limit(settings);
  const std::string& data_dir = settings.text("data_dir");
  const bool has_both = roles.engine && roles.follows();
  std::unique_ptr<EngineService> engine;
  std::unique_ptr<NodeService> node;
  if (roles.engine) {
    engine = std::make_unique<EngineService>(settings, has_both ? data_dir + "/engine" : data_dir);
  }
  if (roles.follows()) {
    node = std::make_unique<NodeService>(settings, roles, has_both ? data_dir + "/node" : data_dir);
  }
  const Parts parts{node.get(), engine.get()};
  std::vector<const prometheus::Collectable*> collectables;
  if (node != nullptr) collectables.push_back(node.get());
  if (engine != nullptr) collectables.push_back(engine.get());
  const MergedMetrics metrics(collectables);
  std::unique_ptr<StatusServer> status;
  if (!roles.serves_agents()) {
    status = std::make_unique<StatusServer>(
        settings,
        StatusFunctions{[&parts](std::string& why_not) { return parts.is_ready(why_not); },
                        [&parts] { return parts.degraded(); },
                        [&parts] { return parts.applied_batch(); }, &metrics});
  }
  if (engine != nullptr) engine->start();
  const bool is_serving =
      node == nullptr || node->build([&signals] { return is_pending(signals); }, collectables);
  if (is_serving) spdlog::info("serving as {} ({})", to_string(roles), node_name(settings));
  int signal = 0;
  sigwait(&signals, &signal);
  spdlog::info("stopping on {}", strsignal(signal));
  const int of_node = node == nullptr ? 0 : node->stop();
  const int of_engine = engine == nullptr ? 0 : engine->stop();
  if (status != nullptr) status->stop();
  return of_engine != 0 ? of_engine : of_node;
}

}  // namespace perpetua::app
