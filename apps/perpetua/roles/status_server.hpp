// StatusServer: /healthz, /readyz and /metrics of a process that serves no agents.
//
// Serves from its making to stop(), also while the process is still starting: what it shows comes
// from the functions. Thread-safety: one owner; the functions are called by any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/server.hpp"
#include "settings.hpp"
#include "stores/memory/hot_store.hpp"

namespace perpetua::app {

struct StatusFunctions {
  std::function<bool(std::string& why_not)> is_ready;
  std::function<std::string()> degraded;
  std::function<BatchNumber()> applied_batch;
  const prometheus::Collectable* collectable = nullptr;
};

class StatusServer {
 public:
  // Throws std::runtime_error if it cannot listen.
  StatusServer(const Settings& settings, const StatusFunctions& functions);
  ~StatusServer();

  void stop();

 private:
  stores::HotStore nothing_;
  gateway::ReplyRouter replies_;
  std::unique_ptr<runtime::CommandPort> no_commands_;
  std::unique_ptr<gateway::Server> server_;
};

}  // namespace perpetua::app
