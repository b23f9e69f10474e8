// ReplicaWatch: which replicas may serve reads, and how far back the oldest of them is.
//
// A thread per replica asks, `poll_ms` apart, for the applied batch that is visible there.
// Its lag is how long it takes, or has taken so far, until it has everything that was committed at
// some moment. Beyond `lag_max_ms`, or without an answer, it is left out until a whole such
// measurement is below it again.
// shown_batch() is a promise: a read that follows it goes to a source that has that batch. So it
// never falls, and a replica that is behind it serves nobody.
// Thread-safe.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/schema/batch.hpp"

namespace perpetua::stores {

namespace history_limits {
constexpr int64_t kReplicaRetryMs = 250;  // between attempts while it does not answer
constexpr int64_t kReplicaAnswerMs = 1'000;
constexpr std::size_t kReplicasMax = 16;
}  // namespace history_limits

struct ReplicaStatus {
  bool is_answering = false;
  bool is_in_rotation = false;
  BatchNumber applied_batch = 0;
  int64_t lag_ms = 0;
  int64_t replayed_bytes = 0;  // pg_last_wal_replay_lsn
  std::string error;           // why it does not answer
};

class ReplicaWatch {
 public:
  // `committed`: the newest batch that is committed at the primary.
  ReplicaWatch(const std::vector<std::string>& urls, int64_t lag_max_ms, int64_t poll_ms,
               std::function<BatchNumber()> committed);
  ~ReplicaWatch();
  ReplicaWatch(const ReplicaWatch&) = delete;
  ReplicaWatch& operator=(const ReplicaWatch&) = delete;

  BatchNumber shown_batch();

  // The replicas that may serve a read now, in turn; nullopt: the primary should. `is_excluded`
  // says which have failed this read already.
  std::optional<std::size_t> choose(const std::function<bool(std::size_t)>& is_excluded);

  // A read failed there: out of rotation until the next answer.
  void note_failure(std::size_t replica, const std::string& error);

  std::vector<ReplicaStatus> status();

 private:
  using Clock = std::chrono::steady_clock;
  struct Replica {
    std::string url;
    ReplicaStatus status;
    BatchNumber target = 0;                             // what was committed ...
    Clock::time_point target_at;                        // ... at this moment
    Clock::duration last_lag = Clock::duration::max();  // of the last target it reached
    std::thread thread;

    Clock::duration lag(Clock::time_point now) const {
      return std::max<Clock::duration>(last_lag, now - target_at);
    }
  };

  void watch(Replica& replica);
  void note_answer(Replica& replica, BatchNumber applied, int64_t replayed_bytes,
                   BatchNumber committed);
  void note_silence(Replica& replica, const std::string& error);
  bool is_eligible(const Replica& replica, Clock::time_point now) const;
  void update_floor();

  const int64_t lag_max_ms_;
  const int64_t poll_ms_;
  const std::function<BatchNumber()> committed_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::vector<Replica> replicas_;
  BatchNumber floor_ = 0;  // what was promised
  std::size_t next_ = 0;
};

}  // namespace perpetua::stores
