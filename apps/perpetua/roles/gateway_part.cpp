#include "roles/gateway_part.hpp"

#include <openssl/rand.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "metric_families.hpp"
#include "server_setup.hpp"
#include "stores/postgres/frozen_source.hpp"
#include "stores/warm_start.hpp"

namespace perpetua::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kHistoryPoll{20};

gateway::ServerOptions gateway_options(const Settings& settings, const Roles& roles) {
  gateway::ServerOptions options = server_options(settings);
  options.served_paths = roles.api ? gateway::ServedPaths::full : gateway::ServedPaths::sockets;
  return options;
}

// What the client hears; nothing has happened but for outcome_unknown.
ResultCode code_of(cluster::Ending ending) {
  switch (ending) {
    case cluster::Ending::overloaded:
      return ResultCode::overloaded;
    case cluster::Ending::unavailable:
      return ResultCode::exchange_unavailable;
    case cluster::Ending::unknown:
      break;
  }
  return ResultCode::outcome_unknown;
}

cluster::RemotePortOptions port_options(const Settings& settings, const stores::HotStore& hot) {
  cluster::RemotePortOptions options;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&options.gateway), sizeof options.gateway) != 1) {
    throw std::runtime_error("the system has no random numbers");
  }
  options.command_timeout_ms = settings.integer("command_timeout_ms");
  options.stream_entries_max = static_cast<uint32_t>(settings.integer("command_stream_max"));
  options.symbol = [&hot](MarketId market) {
    const auto view = hot.market(market);
    return view ? std::string(symbol_view(view->spec)) : std::string();
  };
  return options;
}

}  // namespace

GatewayPart::GatewayPart(const Settings& settings, const Roles& roles, Replica& replica,
                         redis::Client& client)
    : settings_(settings),
      roles_(roles),
      replica_(replica),
      options_(gateway_options(settings, roles)),
      replies_(options_.io_threads),
      budgets_(client, settings.integer("redis_read_timeout_ms")),
      notes_(client, settings.integer("redis_read_timeout_ms")),
      history_(history_place(settings), client),
      barrier_(client, [&replica] { return replica.follower().last_batch(); }),
      port_(client, port_options(settings, replica.hot()),
            [this](std::span<const cluster::Ended> ended) { give_up(ended); }) {
  if (!roles.ws) return;
  hub_ = std::make_unique<gateway::ws::Hub>(replica.hot(), options_.io_threads);
  replica.on_past([this](const AppliedBatch& batch) { hub_->note_past(batch); });
}

GatewayPart::~GatewayPart() { stop(); }

void GatewayPart::give_up(std::span<const cluster::Ended> ended) {
  for (const cluster::Ended& command : ended) {
    replies_.give_up({&command.target, 1}, code_of(command.ending));
  }
}

// Hot store and history must be of one batch: rows of later batches would come a second time, those
// of earlier ones never. So the history is frozen, and the engine brought to where it stands.
void GatewayPart::warm_start() {
  const BatchNumber recovered = replica_.follower().last_batch();
  const auto deadline = Clock::now() + std::chrono::milliseconds(kHistoryStartMs);
  while (history_.news().shown < recovered && Clock::now() < deadline) {
    std::this_thread::sleep_for(kHistoryPoll);
  }
  const bool is_whole = history_.news().shown >= recovered;
  auto source = std::make_unique<stores::FrozenSource>(settings_.text("database_url"));
  const std::string failure = source->begin();
  if (failure.empty()) replica_.catch_up(source->applied_batch());
  replica_.bootstrap();
  if (!failure.empty()) {
    spdlog::warn("going on without the history: statistics and lists begin empty: {}", failure);
    return;
  }
  if (!is_whole) {
    spdlog::warn("the history ends with batch {}, before batch {}: lists in memory lack the rest",
                 source->applied_batch(), recovered);
  }
  stores::HistoryReader reader(std::move(source));
  try {
    if (!stores::warm_start(replica_.hot(), reader)) {
      throw stores::HistoryUnavailable("cut short");
    }
  } catch (const stores::HistoryUnavailable& error) {
    throw std::runtime_error(std::string("the history cannot be read: ") + error.what());
  }
}

// Registration order is egress order: the hot store, then replies, so that a reply can be read back
// at once.
void GatewayPart::connect() {
  replica_.follower().on_targets(
      [this](const BatchInput& batch, std::vector<runtime::ReplyTarget>& targets) {
        port_.fill_targets(batch, targets);
      });
  replica_.add_listener(replies_);
  if (hub_ != nullptr) {
    hub_->start();
    replica_.add_listener(*hub_);
  }
  barrier_.start();
}

void GatewayPart::start(std::vector<const prometheus::Collectable*> others,
                        std::function<bool(std::string& why_not)> is_ready) {
  others.push_back(this);
  others.push_back(&history_);
  metrics_ = std::make_unique<MergedMetrics>(std::move(others));
  server_ = std::make_unique<gateway::Server>(
      options_, gateway::ServerDependencies{
                    .commands = port_,
                    .hot = replica_.hot(),
                    .replies = replies_,
                    .history = &history_.reader(),
                    .history_batch = [this] { return history_.shown_batch(); },
                    .hub = hub_.get(),
                    .is_ready = std::move(is_ready),
                    .degraded = [this] { return degraded(); },
                    .collectables = {metrics_.get()},
                    .shared_budgets = &budgets_,
                    .shared_notes = &notes_,
                    .read_barrier = this,
                    .on_failure = [](const std::string& line) { spdlog::error("{}", line); },
                });
  server_->start();
  spdlog::info("listening on http://{}:{} ({} mode, role {})", options_.listen_address,
               server_->port(), settings_.text("mode"), to_string(roles_));
}

void GatewayPart::stop() {
  if (server_ != nullptr) server_->stop();
  port_.stop();
  barrier_.stop();
}

std::string GatewayPart::degraded() const {
  std::string text = history_.degraded();
  const auto add = [&](const std::string& what) { text += (text.empty() ? "" : "; ") + what; };
  const cluster::BatchFeedStatus feed = replica_.feed_status();
  if (feed.is_silent) add("no engine is heard: commands wait for one");
  if (feed.source == cluster::FeedSource::table) add("batches come from the journal table");
  return text;
}

std::vector<prometheus::MetricFamily> GatewayPart::Collect() const {
  const cluster::RemotePortCounters port = port_.counters();
  const cluster::ReadBarrierStatus barrier = barrier_.status();
  MetricFamilies out;
  out.gauges({
      {"perpetua_cluster_commands_in_flight", "sent to the engine, no outcome yet",
       port.commands_in_flight},
      {"perpetua_cluster_streams_away", "streams whose master does not answer", port.streams_away},
  });
  out.counters({
      {"perpetua_cluster_requests_total", "requests sent to the engine", port.requests},
      {"perpetua_cluster_answered_total", "of those, answered", port.answered},
      {"perpetua_cluster_overloaded_total", "refused: a stream or this process is full",
       port.overloaded},
      {"perpetua_cluster_unavailable_total", "refused: no stream could be reached",
       port.unavailable},
      {"perpetua_cluster_sent_again_total", "requests sent again to another stream",
       port.sent_again},
      {"perpetua_cluster_expired_total", "answered outcome_unknown", port.expired},
      {"perpetua_cluster_stream_losses_total", "times a stream had lost entries", port.losses},
      {"perpetua_cluster_barrier_waits_total", "reads that asked how far others are",
       barrier.waits},
      {"perpetua_cluster_barrier_late_total", "of those, answered without waiting longer",
       barrier.late},
      {"perpetua_cluster_barrier_unasked_total", "of those, nobody could be asked",
       barrier.unasked},
  });
  return out.take();
}

}  // namespace perpetua::app
