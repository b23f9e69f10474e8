#include "roles/status_server.hpp"

#include <spdlog/spdlog.h>

#include "server_setup.hpp"

namespace perpetua::app {
namespace {

class NoCommands final : public runtime::CommandPort {
 public:
  runtime::SubmitResult submit(std::span<runtime::Submission>) override {
    return runtime::SubmitResult::shutting_down;
  }
};

gateway::ServerOptions status_options(const Settings& settings) {
  gateway::ServerOptions options = server_options(settings);
  options.served_paths = gateway::ServedPaths::status;
  options.io_threads = 1;
  options.drain_ms = 0;
  return options;
}

}  // namespace

StatusServer::StatusServer(const Settings& settings, const StatusFunctions& functions)
    : replies_(1), no_commands_(std::make_unique<NoCommands>()) {
  const gateway::ServerOptions options = status_options(settings);
  server_ = std::make_unique<gateway::Server>(
      options, gateway::ServerDependencies{
                   .commands = *no_commands_,
                   .hot = nothing_,
                   .replies = replies_,
                   .is_ready = functions.is_ready,
                   .degraded = functions.degraded,
                   .applied_batch = functions.applied_batch,
                   .collectables = {functions.collectable},
                   .on_failure = [](const std::string& line) { spdlog::error("{}", line); },
               });
  server_->start();
  spdlog::info("status on http://{}:{}", options.listen_address, server_->port());
}

StatusServer::~StatusServer() { stop(); }

void StatusServer::stop() { server_->stop(); }

}  // namespace perpetua::app
