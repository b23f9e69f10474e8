// SnapshotPublisher: puts the newest snapshot of this data directory into the journal's database
// every snapshot_publish_s, on a thread of its own and at 2 MB/s: every replica of the database
// gets it, too. Failures are told, and tried again.
// Thread-safety: published() by any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "journal/data_directory.hpp"
#include "settings.hpp"

namespace perpetua::app {

class SnapshotPublisher {
 public:
  SnapshotPublisher(const Settings& settings, std::string data_dir,
                    const journal::ClusterId& cluster_id);
  ~SnapshotPublisher();  // publishes nothing more

  BatchNumber published() const { return published_.load(); }

 private:
  void run();
  void publish();
  bool pause();  // false: stopping

  const std::string url_;
  const std::string data_dir_;
  const journal::ClusterId cluster_id_;
  const int64_t interval_s_;
  std::atomic<BatchNumber> published_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace perpetua::app
