// Projector: keeps Redis showing what the hot store shows.
//
//   egress thread --names--> waiting names --own thread--> one pipelined request --> acknowledged
//
// apply() only notes which keys a batch touched. The projector's thread writes the present state of
// those keys in one request at a time, so batches that arrive meanwhile, or within write_every_ms,
// share the next one: what changed twice is written once. A request that fails is repeated, with
// what was touched since; `acknowledged` rises when all that a batch touched is in Redis. Nothing
// is kept on disk: a start writes everything anew.
//
// Losses (markers.hpp) are looked for with every write, every check_every_ms and after every notice
// of the client; so are evictions. What was lost is walked through from the hot store, some agents
// with every request, while live batches go first; keys that should not exist are deleted.
// Bounds: kTouchedMax names wait; beyond them everything is written again.
// Thread-safety: apply() on the egress thread, start() and stop() by one owner, the rest anywhere.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "stores/projection/lag.hpp"
#include "stores/projection/repair.hpp"
#include "stores/projection/state_writer.hpp"
#include "stores/redis/client.hpp"

namespace perpetua::projection {

struct ProjectorOptions {
  unsigned groups = 1;  // kClusterGroups for a Cluster
  int64_t write_timeout_ms = 1'000;
  int64_t check_every_ms = 500;
  int64_t write_every_ms = 0;  // at most one request in so long; 0: as soon as the last is answered
  std::string writer = "perpetua";  // unique for each process start
};

struct ProjectorStatus {
  BatchNumber collected = 0;     // handed over by the egress thread
  BatchNumber acknowledged = 0;  // in Redis with all before it
  bool is_writing = false;       // the last request was answered
  bool is_whole = false;         // nothing is known to be missing or out of date
  uint64_t losses = 0;           // slot groups found lost after they were whole
  uint64_t agents_rewritten = 0;
  uint64_t requests = 0;
  uint64_t commands = 0;
  uint64_t failures = 0;   // requests that failed
  std::string last_error;  // of the last failure
};

class Projector {
 public:
  Projector(redis::Client& client, const stores::HotStore& hot, const ProjectorOptions& options,
            IntentArchive archive);
  ~Projector();  // stops
  Projector(const Projector&) = delete;
  Projector& operator=(const Projector&) = delete;

  // Before start(): called on the projector's thread whenever `acknowledged` has risen.
  void on_acknowledged(std::function<void(BatchNumber)> listener) {
    listener_ = std::move(listener);
  }
  // Before start(): the same for keys that were written or deleted, before their batch counts as
  // acknowledged.
  void on_keys_written(std::function<void(const std::vector<Sha256>&)> listener) {
    key_listener_ = std::move(listener);
  }
  void start();  // REQUIRES: the hot store is past its bootstrap
  void stop();   // after what is waiting was tried once more, and what was lost written again

  void apply(const AppliedBatch& batch);

  // Something looks wrong: look for losses now. Until then the projection counts as not whole.
  void suspect();

  ProjectorStatus status() const;
  bool is_whole() const { return is_whole_.load(std::memory_order_acquire); }
  const LagHistogram& lag() const { return lag_; }  // from apply() to acknowledged

 private:
  using Clock = std::chrono::steady_clock;

  void run();
  bool wait_for_work();  // false: stopped and nothing waits
  void take_waiting();
  redis::CallOptions call_options() const;
  bool look_for_losses();
  void lose_everything();
  bool find_evictions();
  bool write_once();
  void accept(const std::vector<redis::Reply>& replies);
  void refuse(const redis::Reply& error);
  void publish(const std::vector<Sha256>& keys);
  void beat();
  void acknowledge();

  redis::Client& client_;
  const stores::HotStore& hot_;
  const ProjectorOptions options_;
  const SlotGroups groups_;

  // The projector's thread.
  Markers markers_;
  StateWriter writer_;
  Repair repair_;
  TouchedKeys work_;
  BatchNumber work_batch_ = 0;
  std::vector<Clock::time_point> work_times_;
  StateWriter::Overlong overlong_;
  std::vector<std::pair<redis::Endpoint, uint64_t>> evictions_;
  Clock::time_point next_check_{};
  Clock::time_point next_write_{};
  Clock::time_point next_beat_{};

  std::function<void(BatchNumber)> listener_;
  std::function<void(const std::vector<Sha256>&)> key_listener_;
  std::thread thread_;
  std::atomic<bool> is_whole_{false};
  LagHistogram lag_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  TouchCollector collector_;
  TouchedKeys waiting_;
  BatchNumber collected_ = 0;
  std::vector<Clock::time_point> waiting_times_;
  bool is_suspect_ = false;
  bool is_stopping_ = false;
  ProjectorStatus status_;
};

}  // namespace perpetua::projection
