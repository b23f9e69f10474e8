#include "serve.hpp"

#include <spdlog/spdlog.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include "data_files.hpp"
#include "feed_part.hpp"
#include "gateway/server.hpp"
#include "gateway/ws/hub.hpp"
#include "history_service.hpp"
#include "journal_batches.hpp"
#include "journal_setup.hpp"
#include "listeners.hpp"
#include "process_setup.hpp"
#include "redis_service.hpp"
#include "redis_setup.hpp"
#include "roles/serve_roles.hpp"
#include "runtime/runtime.hpp"
#include "runtime_metrics.hpp"
#include "runtime_setup.hpp"
#include "server_setup.hpp"
#include "stores/warm_start.hpp"

namespace perpetua::app {
namespace {

// Everything between the settings and a running exchange, in the order in which it is built; it is
// taken down in the opposite order.
class Service {
 public:
  explicit Service(const Settings& settings) : settings_(settings) {}

  bool build();  // false: asked to stop before it was this engine's turn
  void run_until_signal();
  bool stop();

 private:
  void recover();
  bool try_recover();
  void connect(const gateway::ServerOptions& options);
  bool is_ready(std::string& why_not) const;
  std::string degraded() const;

  const Settings& settings_;
  sigset_t signals_{};
  std::unique_ptr<journal::postgres::TableJournal> table_;  // null: the journal is in files
  std::unique_ptr<runtime::Runtime> runtime_;
  std::unique_ptr<HistoryService> history_;
  stores::HotStore hot_;
  std::unique_ptr<HotStoreListener> hot_listener_;
  std::unique_ptr<gateway::ReplyRouter> replies_;
  std::unique_ptr<RedisService> redis_;  // null: everything in this process
  std::unique_ptr<gateway::ws::Hub> hub_;
  std::unique_ptr<FeedPart> feeds_;
  std::unique_ptr<RuntimeMetricsSource> metrics_;
  std::unique_ptr<gateway::Server> server_;
};

bool Service::build() {
  const gateway::ServerOptions options = server_options(settings_);
  signals_ = block_signals();
  raise_file_limit(settings_);
  if (settings_.text("journal") == "postgres") {
    table_ = lead_journal(settings_, signals_);
    if (table_ == nullptr) return false;
  }
  recover();
  connect(options);
  if (redis_ != nullptr) redis_->start();
  runtime_->start();
  server_->start();
  feeds_->start();
  spdlog::info("listening on http://{}:{} ({} mode)", options.listen_address, server_->port(),
               settings_.text("mode"));
  return true;
}

// False: the history is ahead of the journal, so it is of another one; it was deleted.
bool Service::try_recover() {
  runtime::RuntimeOptions options = runtime_options(settings_);
  options.journal = table_.get();
  runtime_ = std::make_unique<runtime::Runtime>(std::move(options));
  const std::string& data_dir = settings_.text("data_dir");
  history_ = std::make_unique<HistoryService>(
      history_place(settings_), cluster_fingerprint(data_dir),
      std::make_unique<JournalBatches>(data_dir, table_ ? journal_url(settings_) : std::string()));
  const BatchNumber in_history = history_->writer().applied_batch();
  hub_ = std::make_unique<gateway::ws::Hub>(hot_, server_options(settings_).io_threads);
  PastListener past;
  past.hear([this](const AppliedBatch& batch) { hub_->note_past(batch); });
  const auto result =
      runtime_->recover(in_history, history_->is_away() ? nullptr : &history_->listener(), &past);
  if (!result.status.ok() && result.last_batch < in_history) {
    runtime_.reset();
    history_->discard();
    history_.reset();
    return false;
  }
  if (!result.status.ok()) throw std::runtime_error(result.status.message);
  for (const std::string& rejected : result.rejected_snapshots) {
    spdlog::warn("snapshot ignored: {}", rejected);
  }
  if (result.first_cut_batch != 0) {
    spdlog::warn("torn tail cut from batch {} on (never acknowledged): {}", result.first_cut_batch,
                 result.torn_tail);
  }
  spdlog::info("recovered to batch {}: snapshot {}, {} batches with {} commands replayed",
               result.last_batch, result.snapshot_batch, result.replayed_batches,
               result.replayed_commands);
  return true;
}

void Service::recover() {
  std::filesystem::create_directories(settings_.text("data_dir"));
  std::optional<journal::ClusterId> id;
  if (table_ != nullptr) {
    const journal::Status read = table_->cluster_id(id);
    if (!read.ok()) throw std::runtime_error(read.message);
  }
  ensure_cluster_id(settings_.text("data_dir"), id);
  if (!try_recover() && !try_recover()) throw std::runtime_error("the history cannot be rebuilt");
  const bool has_history = history_->finish_recovery(runtime_->engine().last_batch());
  HotStoreBootstrap bootstrap(hot_);
  runtime_->describe(bootstrap);
  hot_.finish_bootstrap(runtime_->engine().last_batch(), runtime_->engine().log_time_ms());
  if (!has_history) {
    spdlog::warn("trading without the history: statistics and lists in memory begin empty");
  } else if (!stores::warm_start(hot_, history_->reader())) {
    throw std::runtime_error("the history cannot be read");
  }
}

bool Service::is_ready(std::string& why_not) const {
  if (!runtime_->metrics().has_journal_space) {
    why_not = "the journal cannot be written (no space, or its database is not there)";
    return false;
  }
  if (history_->writer().failed()) {
    why_not = "history: " + history_->writer().failure();
    return false;
  }
  return true;
}

std::string Service::degraded() const {
  const std::string redis = redis_ == nullptr ? "" : redis_->degraded();
  const std::string history = history_->degraded();
  return redis + (redis.empty() || history.empty() ? "" : "; ") + history;
}

// Registration order is egress order: the hot store first, so a reply can be read back at once.
void Service::connect(const gateway::ServerOptions& options) {
  hot_listener_ = std::make_unique<HotStoreListener>(hot_);
  replies_ = std::make_unique<gateway::ReplyRouter>(options.io_threads);
  hub_->start();
  metrics_ = std::make_unique<RuntimeMetricsSource>(*runtime_, hot_, &history_->writer());
  runtime_->add_listener(*hot_listener_);
  redis_ = make_redis_service(
      settings_, hot_,
      intent_archive([this]() -> stores::HistoryReader& { return history_->reader(); }), *replies_);
  if (redis_ != nullptr) {
    runtime_->add_listener(*redis_);  // hands on to the reply router
  } else {
    runtime_->add_listener(*replies_);
  }
  runtime_->add_listener(*hub_);
  feeds_ = std::make_unique<FeedPart>(settings_, hot_, *runtime_);
  runtime_->add_listener(feeds_->listener());
  runtime_->add_listener(history_->listener());
  std::vector<const prometheus::Collectable*> collectables = {metrics_.get(), history_.get()};
  if (redis_ != nullptr) collectables.push_back(redis_.get());
  server_ = std::make_unique<gateway::Server>(
      options, gateway::ServerDependencies{
                   .commands = *runtime_,
                   .hot = hot_,
                   .replies = *replies_,
                   .history = &history_->reader(),
                   .history_batch = [this] { return history_->shown_batch(); },
                   .hub = hub_.get(),
                   .is_ready = [this](std::string& why_not) { return is_ready(why_not); },
                   .degraded = [this] { return degraded(); },
                   .collectables = std::move(collectables),
                   .account_reads = redis_.get(),
                   .shared_keys = redis_.get(),
                   .shared_budgets = redis_ ? &redis_->budgets() : nullptr,
                   .on_failure = [](const std::string& line) { spdlog::error("{}", line); },
               });
}

void Service::run_until_signal() {
  int signal = 0;
  sigwait(&signals_, &signal);
  spdlog::info("stopping on {}", strsignal(signal));
}

bool Service::stop() {
  if (feeds_ != nullptr) feeds_->stop();
  server_->stop();
  if (redis_ != nullptr) redis_->stop();
  const bool is_clean = runtime_->stop();
  // While it is behind, the rest is the next start's: the journal has it.
  if (history_->degraded().empty()) history_->writer().flush();
  spdlog::info("stopped at batch {}", runtime_->engine().last_batch());
  return is_clean;
}

}  // namespace

int serve(const Settings& settings) {
  set_up_log(settings);
  try {
    const Roles roles = *parse_roles(settings.text("role"));
    if (!roles.is_all) return serve_roles(settings, roles);
    Service service(settings);
    if (!service.build()) return 0;
    service.run_until_signal();
    return service.stop() ? 0 : kExitUncleanStop;
  } catch (const std::exception& error) {
    spdlog::error("cannot start: {}", error.what());
    return kExitCannotStart;
  }
}

}  // namespace perpetua::app
