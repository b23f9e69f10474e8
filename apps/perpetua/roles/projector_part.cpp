#include "roles/projector_part.hpp"

#include <spdlog/spdlog.h>

#include <cstring>
#include <stdexcept>

#include "journal_batches.hpp"
#include "journal_setup.hpp"
#include "metric_families.hpp"
#include "redis_setup.hpp"
#include "roles/snapshot_publisher.hpp"
#include "stores/warm_start.hpp"

namespace perpetua::app {
namespace {

// No reply waits for Redis here, and every request costs two markers a slot group.
constexpr int64_t kRedisWriteEveryMs = 200;

std::unique_ptr<HistoryService> make_history(const Settings& settings, const std::string& data_dir,
                                             const journal::ClusterId& id) {
  HistoryPlace place = history_place(settings);
  place.data_dir = data_dir;
  uint64_t fingerprint = 0;
  std::memcpy(&fingerprint, id.data(), sizeof fingerprint);
  return std::make_unique<HistoryService>(
      place, fingerprint, std::make_unique<JournalBatches>(data_dir, journal_url(settings)));
}

}  // namespace

ProjectorPart::ProjectorPart(const Settings& settings, const std::string& data_dir,
                             Replica& replica, redis::Client& client)
    : settings_(settings),
      data_dir_(data_dir),
      replica_(replica),
      client_(client),
      history_(make_history(settings, data_dir, replica.cluster_id())) {}

ProjectorPart::~ProjectorPart() { stop(); }

void ProjectorPart::recover() {
  const BatchNumber in_history = history_->writer().applied_batch();
  const auto result =
      replica_.recover(in_history, history_->is_away() ? nullptr : &history_->listener());
  if (!result.status.ok()) throw std::runtime_error(result.status.message);
}

void ProjectorPart::warm_start() {
  if (!history_->finish_recovery(replica_.follower().last_batch())) {
    spdlog::warn("going on without the history: statistics and lists in memory begin empty");
  } else if (!stores::warm_start(replica_.hot(), history_->reader())) {
    throw std::runtime_error("the history cannot be read");
  }
}

void ProjectorPart::connect() {
  projection::ProjectorOptions options = projector_options(settings_);
  options.write_every_ms = kRedisWriteEveryMs;
  projector_ = std::make_unique<projection::Projector>(
      client_, replica_.hot(), options,
      intent_archive([this]() -> stores::HistoryReader& { return history_->reader(); }));
  projector_->on_keys_written([](const std::vector<Sha256>&) {});
  replica_.add_listener(*this);
}

void ProjectorPart::start() {
  is_running_ = true;
  projector_->start();
  announcer_ = std::make_unique<HistoryAnnouncer>(client_, [this] {
    return HistoryNews{history_->writer().applied_batch(), history_->listener().shown_batch()};
  });
  snapshots_ = std::make_unique<SnapshotPublisher>(settings_, data_dir_, replica_.cluster_id());
}

void ProjectorPart::stop() {
  if (!is_running_.exchange(false)) return;
  snapshots_.reset();
  announcer_.reset();
  projector_->stop();
  // While it is behind, the rest is the next start's: the journal has it.
  if (history_->degraded().empty()) history_->writer().flush();
}

void ProjectorPart::on_batch(const AppliedBatch& batch,
                             std::span<const runtime::ReplyTarget> targets) {
  projector_->apply(batch);
  history_->listener().on_batch(batch, targets);
}

bool ProjectorPart::is_ready(std::string& why_not) const {
  const stores::HistoryProjection& writer = history_->writer();
  if (!writer.failed()) return true;
  why_not = "history: " + writer.failure();
  return false;
}

std::string ProjectorPart::degraded() const {
  std::string text = history_->degraded();
  if (is_running_ && !projector_->is_whole()) {
    text += text.empty() ? "" : "; ";
    text += "redis is being filled, or does not answer";
  }
  return text;
}

std::vector<prometheus::MetricFamily> ProjectorPart::Collect() const {
  std::vector<prometheus::MetricFamily> families = history_->Collect();
  MetricFamilies out;
  const stores::HistoryProjection& writer = history_->writer();
  out.gauge("perpetua_history_batch", "last batch in the history", writer.applied_batch());
  out.gauge("perpetua_history_queued_bytes", "rows waiting for the history", writer.queued_bytes());
  if (projector_ != nullptr) add_projection_metrics(out, *projector_);
  if (snapshots_ != nullptr) {
    out.gauge("perpetua_cluster_shared_snapshot_batch", "newest snapshot in the database",
              snapshots_->published());
  }
  for (auto& family : out.take()) families.push_back(std::move(family));
  return families;
}

}  // namespace perpetua::app
