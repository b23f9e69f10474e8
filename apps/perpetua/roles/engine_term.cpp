#include "roles/engine_term.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "data_files.hpp"
#include "metric_families.hpp"
#include "redis_setup.hpp"
#include "roles/identity.hpp"
#include "runtime_setup.hpp"
#include "server_setup.hpp"

namespace perpetua::app {
namespace {

constexpr uint32_t kSettleMaxUs = 5'000;

// What the journal holds behind the replica, and the opening batch.
class HotStoreReplay final : public journal::ReplaySink {
 public:
  explicit HotStoreReplay(stores::HotStore& store) : store_(store) {}
  void on_batch(const AppliedBatch& batch) override { store_.apply(batch); }

 private:
  stores::HotStore& store_;
};

}  // namespace

EngineTerm::EngineTerm(const Settings& settings, std::string data_dir, redis::Client& client,
                       std::unique_ptr<journal::postgres::TableJournal> table)
    : settings_(settings),
      data_dir_(std::move(data_dir)),
      client_(client),
      table_(std::move(table)) {}

EngineTerm::~EngineTerm() = default;

void EngineTerm::make_runtime() {
  runtime::RuntimeOptions options = runtime_options(settings_);
  options.data_dir = data_dir_;
  options.journal = table_.get();
  options.snapshot_every_commands = 0;  // the projector's are shared
  // The streams are read at the interval, each by its own reader: one batch takes it all.
  const uint32_t interval_us = options.batch_interval_us;
  options.batch_settle_us = std::min(kSettleMaxUs, interval_us / 4);
  options.batch_interval_us = interval_us / 2;
  options.on_drained = [this] { resign(); };
  runtime_ = std::make_unique<runtime::Runtime>(std::move(options));
}

void EngineTerm::begin_cold() {
  std::optional<journal::ClusterId> id;
  const journal::Status read = table_->cluster_id(id);
  if (!read.ok()) throw std::runtime_error(read.message);
  std::filesystem::create_directories(data_dir_);
  ensure_cluster_id(data_dir_, id);
  make_runtime();
  const auto result = runtime_->recover(0, nullptr);
  if (!result.status.ok()) throw std::runtime_error(result.status.message);
  hot_ = std::make_unique<stores::HotStore>();
  HotStoreBootstrap bootstrap(*hot_);
  runtime_->describe(bootstrap);
  hot_->finish_bootstrap(runtime_->engine().last_batch(), runtime_->engine().log_time_ms());
  connect(result.position);
}

void EngineTerm::begin_warm(Replica::Released replica) {
  hot_ = std::move(replica.hot);
  make_runtime();
  HotStoreReplay replay(*hot_);
  const BatchNumber followed = replica.warm.engine->last_batch();
  const auto result = runtime_->recover_warm(std::move(replica.warm), followed, &replay);
  if (!result.status.ok()) throw std::runtime_error(result.status.message);
  connect(result.position);
}

// Registration order is egress order: what others wait for first.
void EngineTerm::connect(const journal::JournalPosition& position) {
  std::optional<journal::ClusterId> id;
  const journal::Status read = table_->cluster_id(id);
  if (!read.ok() || !id) throw std::runtime_error("the journal table names no exchange");
  const std::string refused = check_identity(client_, *id);
  if (!refused.empty()) throw std::runtime_error(refused);
  epoch_ = position.last_epoch;
  cluster::BatchPublisherOptions publishing;
  publishing.is_cluster = redis_options(settings_).is_cluster;
  publishing.on_notice = [](const std::string& line) { spdlog::warn("publisher: {}", line); };
  publisher_ =
      std::make_unique<cluster::BatchPublisher>(client_, *id, position, std::move(publishing));
  cluster::CommandIntakeOptions taking;
  taking.start = cluster::intake_start(runtime_->engine());
  taking.read_every_ms = settings_.integer("batch_interval_ms");
  taking.on_warning = [](const std::string& line) { spdlog::warn("intake: {}", line); };
  intake_ = std::make_unique<cluster::CommandIntake>(client_, *runtime_, std::move(taking));
  feeds_ = std::make_unique<FeedPart>(settings_, *hot_, *runtime_);
  hot_listener_ = std::make_unique<HotStoreListener>(*hot_);
  runtime_->add_listener(*publisher_);
  runtime_->add_listener(*hot_listener_);
  runtime_->add_listener(*intake_);
  runtime_->add_listener(feeds_->listener());
  metrics_ = std::make_unique<RuntimeMetricsSource>(*runtime_, *hot_, nullptr);
  claim_identity(client_, *id, epoch_, node_name(settings_));
}

void EngineTerm::start() {
  publisher_->start();
  runtime_->start();
  intake_->start();
  feeds_->start();
}

void EngineTerm::resign() {
  if (has_resigned_) return;
  has_resigned_ = true;
  publisher_->stop();
  table_->resign();
}

bool EngineTerm::finish() {
  feeds_->stop();
  intake_->stop();
  const bool is_clean = runtime_->stop();
  resign();
  return is_clean;
}

bool EngineTerm::is_ready(std::string& why_not) const {
  if (runtime_->metrics().has_journal_space) return true;
  why_not = "the journal cannot be written (no space, or its database is not there)";
  return false;
}

void EngineTerm::add_metrics(std::vector<prometheus::MetricFamily>& families) const {
  const cluster::CommandIntakeCounters intake = intake_->counters();
  const cluster::BatchPublisherStatus published = publisher_->status();
  MetricFamilies out;
  out.gauges({
      {"perpetua_cluster_streams", "command streams read", intake.streams},
      {"perpetua_cluster_streams_connected", "of those, with a connection", intake.connected},
      {"perpetua_cluster_published_batch", "newest batch published", published.last_published},
      {"perpetua_cluster_publish_queue_batches", "batches waiting to be published",
       published.queued_batches},
  });
  out.counters({
      {"perpetua_cluster_entries_total", "entries taken from the command streams", intake.entries},
      {"perpetua_cluster_entries_damaged_total", "of those, passed over as damaged",
       intake.damaged},
      {"perpetua_cluster_entries_other_schema_total", "of those, of another schema",
       intake.other_schema},
      {"perpetua_cluster_intake_held_up_total", "times the ring was full", intake.held_up},
      {"perpetua_cluster_published_messages_total", "messages with batches", published.messages},
      {"perpetua_cluster_published_bytes_total", "bytes of these", published.bytes},
      {"perpetua_cluster_publish_failures_total", "publishes that failed", published.failures},
      {"perpetua_cluster_publish_dropped_batches_total", "left to the journal table",
       published.dropped_batches},
  });
  for (auto& family : metrics_->Collect()) families.push_back(std::move(family));
  for (auto& family : out.take()) families.push_back(std::move(family));
}

}  // namespace perpetua::app
