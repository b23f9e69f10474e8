#include "roles/snapshot_publisher.hpp"

#include <spdlog/spdlog.h>

#include "journal/postgres/shared_snapshots.hpp"
#include "journal_setup.hpp"

namespace perpetua::app {
namespace {

constexpr std::chrono::milliseconds kPartPause{500};  // with parts of 1 MiB: 2 MB/s

}  // namespace

SnapshotPublisher::SnapshotPublisher(const Settings& settings, std::string data_dir,
                                     const journal::ClusterId& cluster_id)
    : url_(journal_url(settings)),
      data_dir_(std::move(data_dir)),
      cluster_id_(cluster_id),
      interval_s_(settings.integer("snapshot_publish_s")),
      thread_([this] { run(); }) {}

SnapshotPublisher::~SnapshotPublisher() {
  {
    const std::lock_guard guard(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void SnapshotPublisher::run() {
  std::unique_lock guard(mutex_);
  while (
      !wake_.wait_for(guard, std::chrono::seconds(interval_s_), [this] { return is_stopping_; })) {
    guard.unlock();
    publish();
    guard.lock();
  }
}

bool SnapshotPublisher::pause() {
  std::unique_lock guard(mutex_);
  return !wake_.wait_for(guard, kPartPause, [this] { return is_stopping_; });
}

// The follower owns the folder; snapshots in it are whole once they have their name.
void SnapshotPublisher::publish() {
  journal::DataDirectory directory(journal::posix_storage());
  BatchNumber published = 0;
  journal::Status status = directory.open_read_only(data_dir_, cluster_id_);
  if (status.ok()) {
    status = journal::postgres::SharedSnapshots(url_).publish(directory, published,
                                                              [this] { return pause(); });
  }
  if (!status.ok()) {
    spdlog::warn("the snapshot is not shared: {}", status.message);
  } else if (published != 0) {
    published_ = published;
    spdlog::info("shared the snapshot of batch {}", published);
  }
}

}  // namespace perpetua::app
