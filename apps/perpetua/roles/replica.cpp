#include "roles/replica.hpp"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "journal/postgres/shared_snapshots.hpp"
#include "journal_setup.hpp"
#include "redis_setup.hpp"
#include "roles/identity.hpp"
#include "runtime_setup.hpp"

namespace perpetua::app {
namespace {

constexpr std::chrono::milliseconds kExchangePoll{200};

void require(const journal::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.message);
}

}  // namespace

Replica::Replica(const Settings& settings, std::string data_dir, redis::Client& client,
                 uint64_t snapshot_every_commands)
    : settings_(settings),
      data_dir_(std::move(data_dir)),
      client_(client),
      snapshot_every_commands_(snapshot_every_commands),
      hot_(std::make_unique<stores::HotStore>()) {
  journal::postgres::TableOptions options;
  options.url = journal_url(settings);
  table_ = std::make_unique<journal::postgres::TableJournal>(std::move(options));
}

Replica::~Replica() = default;

bool Replica::has_exchange() {
  const journal::Status read = table_->cluster_id(cluster_id_);
  if (!read.ok() && read.error != ENOTCONN) throw std::runtime_error(read.message);
  why_no_exchange_ = read.ok() ? "no journal in the database yet"
                               : "the database cannot be reached: " + read.message;
  return read.ok() && cluster_id_.has_value();
}

bool Replica::open(const IsStopping& is_stopping) {
  bool has_told = false;
  while (!has_exchange()) {
    if (is_stopping()) return false;
    if (!has_told) spdlog::info("waiting for the exchange: {}", why_no_exchange_);
    has_told = true;
    std::this_thread::sleep_for(kExchangePoll);
  }
  const std::string refused = check_identity(client_, *cluster_id_);
  if (!refused.empty()) throw std::runtime_error(refused);
  std::filesystem::create_directories(data_dir_);
  fetch_snapshot();
  return true;
}

void Replica::fetch_snapshot() {
  journal::DataDirectory directory(journal::posix_storage());
  journal::DataDirectoryOptions options;
  options.path = data_dir_;
  options.refuse_volatile = settings_.text("mode") == "production";
  options.make_cluster_id = [this] { return *cluster_id_; };
  require(directory.open(options));
  if (directory.cluster_id() != *cluster_id_) return;  // the follower says so
  journal::postgres::SharedSnapshots::Fetched fetched;
  const journal::Status status =
      journal::postgres::SharedSnapshots(journal_url(settings_)).fetch(directory, fetched);
  if (!status.ok()) spdlog::warn("no shared snapshot: {}", status.message);
  for (const std::string& rejected : fetched.rejected) {
    spdlog::warn("shared snapshot ignored: {}", rejected);
  }
  if (fetched.batch != 0) spdlog::info("took the shared snapshot of batch {}", fetched.batch);
}

journal::RecoveryResult Replica::recover(BatchNumber history_applied,
                                         journal::ReplaySink* history) {
  runtime::FollowerOptions options;
  options.data_dir = data_dir_;
  options.refuse_volatile = settings_.text("mode") == "production";
  options.cluster_id = cluster_id_;
  options.matchers = 1;
  options.wait = wait_kind(settings_.text("wait_strategy"));
  options.snapshot_every_commands = snapshot_every_commands_;
  options.journal = table_.get();
  follower_ = std::make_unique<runtime::Follower>(std::move(options));
  journal::RecoveryResult result = follower_->recover(history_applied, history, &past_);
  follower_->add_listener(past_);
  for (const std::string& rejected : result.rejected_snapshots) {
    spdlog::warn("snapshot ignored: {}", rejected);
  }
  if (result.status.ok()) {
    spdlog::info("recovered to batch {}: snapshot {}, {} batches with {} commands replayed",
                 result.last_batch, result.snapshot_batch, result.replayed_batches,
                 result.replayed_commands);
  }
  return result;
}

void Replica::catch_up(BatchNumber at_most) {
  uint64_t batches = 0;
  require(follower_->catch_up(batches, at_most));
}

void Replica::bootstrap() {
  HotStoreBootstrap bootstrap(*hot_);
  follower_->describe(bootstrap);
  const Engine& engine = follower_->engine();
  hot_->finish_bootstrap(engine.last_batch(), engine.log_time_ms());
  hot_listener_ = std::make_unique<HotStoreListener>(*hot_);
  follower_->add_listener(*hot_listener_);
  past_.end();
}

void Replica::follow(std::function<void(BatchNumber)> on_progress) {
  cluster::BatchFeedOptions options;
  options.is_cluster = redis_options(settings_).is_cluster;
  options.on_progress = std::move(on_progress);
  options.on_notice = [](const std::string& line) { spdlog::warn("batches: {}", line); };
  options.on_failed = [](const std::string& reason) {
    spdlog::error("this process cannot follow the journal any more: {}", reason);
    ::kill(::getpid(), SIGTERM);  // a start from a snapshot may heal it; staying cannot
  };
  feed_ = std::make_unique<cluster::BatchFeed>(&client_, *follower_, std::move(options));
  feed_->start();
}

void Replica::stop_following() {
  if (feed_ != nullptr) feed_->stop();
}

bool Replica::is_following(std::string& why_not) const {
  const cluster::BatchFeedStatus status = feed_->status();
  if (status.has_failed) {
    why_not = "cannot follow the journal: " + status.reason;
  } else if (status.last_batch < status.known_batch) {
    why_not = std::to_string(status.known_batch - status.last_batch) + " batches behind";
    return status.source == cluster::FeedSource::live;  // the usual way of things
  }
  return why_not.empty();
}

Replica::Released Replica::release() {
  stop_following();
  return {follower_->release(), std::move(hot_)};
}

}  // namespace perpetua::app
