#include "redis_setup.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>

#include "metric_families.hpp"

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

void add_projection_metrics(MetricFamilies& out, const projection::Projector& projector) {
  const projection::ProjectorStatus status = projector.status();
  out.gauge("perpetua_redis_acknowledged_batch", "newest batch that Redis shows",
            status.acknowledged);
  out.gauge("perpetua_redis_lag_batches", "batches that Redis does not show yet",
            status.collected - status.acknowledged);
  out.gauge("perpetua_redis_whole", "1: nothing is known to miss in Redis", status.is_whole);
  out.counter("perpetua_redis_losses_total", "slot groups found lost", status.losses);
  out.counter("perpetua_redis_agents_rewritten_total", "agents written again",
              status.agents_rewritten);
  out.counter("perpetua_redis_writes_total", "requests of the projection", status.requests);
  out.counter("perpetua_redis_write_failures_total", "of those, not answered or refused",
              status.failures);
  out.powers_of_two("perpetua_redis_lag_seconds", "from a batch's egress to Redis",
                    projection::LagHistogram::kBuckets, projector.lag().sum_us(), 1e-6,
                    [&](std::size_t bucket) { return projector.lag().count(bucket); });
}

void add_client_metrics(MetricFamilies& out, const redis::Client& client) {
  const redis::Counters& counters = client.counters();
  out.gauge("perpetua_redis_ready", "1: every slot has a node with a connection",
            client.health().state == redis::Health::State::ready);
  out.counter("perpetua_redis_commands_total", "commands sent", counters.commands);
  out.counter("perpetua_redis_disconnects_total", "connections lost", counters.disconnects);
}

}  // namespace perpetua::app
