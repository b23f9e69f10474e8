#include "redis_setup.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>

namespace perpetua::app {

redis::Options redis_options(const Settings& settings) {
  std::string error;
  auto options = redis::parse_url(settings.text("redis_url"), error);
  if (!options) throw std::runtime_error("redis_url: " + error);
  options->connections_per_node = static_cast<uint32_t>(settings.integer("redis_connections"));
  return *options;
}

void start_client(redis::Client& client, std::function<void(const redis::Notice&)> on_notice) {
  std::string error;
  if (!client.start(error, std::move(on_notice))) throw std::runtime_error("redis_url: " + error);
}

projection::ProjectorOptions projector_options(const Settings& settings) {
  projection::ProjectorOptions options;
  options.groups = redis_options(settings).is_cluster ? projection::kClusterGroups : 1;
  const auto started = std::chrono::system_clock::now().time_since_epoch();
  options.writer = fmt::format(
      "{}-{}", getpid(), std::chrono::duration_cast<std::chrono::milliseconds>(started).count());
  return options;
}

projection::IntentArchive intent_archive(std::function<stores::HistoryReader&()> reader) {
  return [reader = std::move(reader)](AgentId agent,
                                      std::size_t limit) -> std::vector<stores::OrderView> {
    const stores::OrderFilter filter{.intents_only = true};
    stores::PageRequest page;
    page.limit = limit;
    try {
      return reader().orders(agent, filter, page).rows;
    } catch (const stores::HistoryUnavailable& error) {
      spdlog::warn("old intents are left out of Redis: {}", error.what());
      return {};
    }
  };
}

}  // namespace perpetua::app
