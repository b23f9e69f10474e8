#include "history_service.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "metric_families.hpp"
#include "server_setup.hpp"
#include "stores/sqlite/history_writer.hpp"

namespace perpetua::app {

namespace {

constexpr int64_t kStartWaitMs = 5'000;  // for a database that starts together with the exchange

}  // namespace

HistoryPlace history_place(const Settings& settings) {
  HistoryPlace place;
  place.data_dir = settings.text("data_dir");
  place.database_url = settings.text("database_url");
  place.replica_urls = split_list(settings.text("database_replica_urls"));
  if (place.replica_urls.size() > stores::history_limits::kReplicasMax) {
    throw std::runtime_error("database_replica_urls has more than " +
                             std::to_string(stores::history_limits::kReplicasMax) + " servers");
  }
  place.connections = static_cast<std::size_t>(settings.integer("database_connections"));
  place.lag_max_ms = settings.integer("database_lag_ms");
  place.poll_ms = settings.integer("database_poll_ms");
  place.group_ms = settings.integer("database_group_ms");
  place.backlog_bytes_max = static_cast<uint64_t>(settings.integer("database_backlog_mib")) << 20;
  place.retention_days = settings.integer("database_retention_days");
  return place;
}

stores::PostgresReaderOptions reader_options(const HistoryPlace& place) {
  stores::PostgresReaderOptions options;
  options.primary_url = place.database_url;
  options.replica_urls = place.replica_urls;
  options.connections = place.connections;
  options.lag_max_ms = place.lag_max_ms;
  options.poll_ms = place.poll_ms;
  return options;
}

HistoryService::HistoryService(HistoryPlace place, uint64_t cluster_id,
                               std::unique_ptr<stores::MissedBatches> missed)
    : place_(std::move(place)), missed_(std::move(missed)) {
  if (place_.is_remote()) {
    stores::PostgresWriterOptions options;
    options.database.url = place_.database_url;
    options.database.cluster_id = cluster_id;
    options.database.journal_batch = UINT64_MAX;
    options.database.retention_days = place_.retention_days;
    options.group_interval_ms = place_.group_ms;
    options.backlog_folder = place_.data_dir;
    options.backlog_bytes_max = place_.backlog_bytes_max;
    options.backlog_memory_bytes_max =
        std::min<uint64_t>(options.backlog_memory_bytes_max, place_.backlog_bytes_max);
    options.missed = missed_.get();
    if (missed_ != nullptr) options.start_ms = kStartWaitMs;
    options.tell = [](const std::string& line) { spdlog::warn("{}", line); };
    auto writer = std::make_unique<stores::PostgresHistoryWriter>(options);
    remote_writer_ = writer.get();
    writer_ = std::move(writer);
    if (is_away()) {
      spdlog::error("starting without the history in PostgreSQL: {}", remote_writer_->last_error());
    } else {
      spdlog::info("history in PostgreSQL at batch {}", writer_->applied_batch());
    }
  } else {
    stores::HistoryOptions options;
    options.path = place_.file();
    options.cluster_id = cluster_id;
    options.journal_batch = UINT64_MAX;
    auto writer = std::make_unique<stores::HistoryWriter>(options);
    if (!writer->rebuild_reason().empty()) {
      spdlog::info("history is built from the journal: {}", writer->rebuild_reason());
    }
    writer_ = std::move(writer);
  }
  listener_ = std::make_unique<HistoryListener>(*writer_);
}

void HistoryService::discard() {
  if (place_.is_remote()) {
    throw std::runtime_error(
        "the history in PostgreSQL is ahead of the journal, so it is of another one: "
        "`perpetua db rebuild` makes it anew");
  }
  writer_.reset();
  std::filesystem::remove(place_.file());
}

bool HistoryService::finish_recovery(BatchNumber last_batch) {
  if (is_away()) {
    remote_writer_->begin_after(last_batch);
    listener_->begin_after(last_batch);
  }
  make_reader();
  if (missed_ != nullptr && remote_writer_ != nullptr && !remote_writer_->is_connected()) {
    return false;
  }
  if (writer_->flush()) return true;
  if (!writer_->failed() && missed_ != nullptr) return false;  // it went away meanwhile
  const std::string lately = remote_writer_ == nullptr ? "" : remote_writer_->last_error();
  throw std::runtime_error("history: " + (writer_->failed() ? writer_->failure() : lately));
}

void HistoryService::make_reader() {
  if (!place_.is_remote()) {
    reader_ = std::make_unique<stores::HistoryReader>(place_.file());
    return;
  }
  auto source = std::make_unique<stores::PostgresSource>(
      reader_options(place_), [writer = writer_.get()] { return writer->applied_batch(); });
  remote_source_ = source.get();
  reader_ = std::make_unique<stores::HistoryReader>(std::move(source));
}

// Batches without rows are shown with the last one that has some.
BatchNumber HistoryService::shown_batch() const {
  const BatchNumber handed = listener_->shown_batch();
  if (remote_source_ == nullptr) return handed;
  const BatchNumber written = writer_->applied_batch();
  const BatchNumber shown = remote_source_->shown_batch();
  return shown >= written ? handed : std::min(handed, shown);
}

std::string HistoryService::degraded() const {
  const uint64_t missing = writer_->missing_batches();
  const bool is_away = remote_writer_ != nullptr && !remote_writer_->is_connected();
  if (!is_away && missing == 0) return {};
  std::string text = is_away ? "the database of the history does not answer"
                             : "the history reads what it missed from the journal";
  if (missing > 0) text += ": " + std::to_string(missing) + " batches to be read";
  return text;
}

void add_reader_metrics(MetricFamilies& out, stores::PostgresSource& source) {
  const auto replicas = source.replicas();
  const stores::PostgresReaderCounts counts = source.counts();
  out.per_label("perpetua_history_replica_serves", "1: reads go there", "replica", replicas,
                [](const auto& replica) { return replica.is_in_rotation ? 1.0 : 0.0; });
  out.per_label("perpetua_history_replica_lag_seconds", "until it has what is committed", "replica",
                replicas,
                [](const auto& replica) { return static_cast<double>(replica.lag_ms) / 1e3; });
  out.per_label("perpetua_history_replica_batch", "last batch visible there", "replica", replicas,
                [](const auto& replica) { return static_cast<double>(replica.applied_batch); });
  out.counter("perpetua_history_primary_reads_total", "reads of the primary", counts.primary_reads);
  out.counter_per_label("perpetua_history_replica_reads_total", "reads of each replica", "replica",
                        counts.replica_reads);
  out.counter("perpetua_history_read_failovers_total", "reads repeated elsewhere",
              counts.failovers);
  out.counter("perpetua_history_read_failures_total", "reads that no server answered",
              counts.failures);
}

std::vector<prometheus::MetricFamily> HistoryService::Collect() const {
  MetricFamilies out;
  out.gauge("perpetua_history_failed", "1: it has ended and lacks rows until the next start",
            writer_->failed());
  out.gauge("perpetua_history_missing_batches", "that are to be read from the journal",
            writer_->missing_batches());
  if (remote_writer_ != nullptr) {
    out.gauge("perpetua_history_connected", "1: the database answers the writer",
              remote_writer_->is_connected());
    out.gauge("perpetua_history_backlog_file_bytes", "rows waiting on disk for the database",
              remote_writer_->backlog_file_bytes());
    out.counter("perpetua_history_rows_total", "rows sent to the database",
                remote_writer_->rows_written());
  }
  if (remote_source_ != nullptr) add_reader_metrics(out, *remote_source_);
  return out.take();
}

}  // namespace perpetua::app
