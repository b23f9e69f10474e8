// ReadBarrier: before a read, wait until this process shows what others have acknowledged.
//
// Guarantee: a batch that any process has applied from the stream (live, log, or the table as far
// as Redis names it published) before wait() was called has been applied by this process when
// `done` runs; so what one gateway has answered, a read that begins later on another one sees.
// It holds while the leader reaches Redis, the nodes that took the messages live, and this process
// can ask them; otherwise, and after kReadBarrierMs at most, `done` runs with what is there.
//
// Why it holds: a message names its newest batch (batch_last_key) in the same script that publishes
// it, before anybody can hear it. wait() asks for these names of all tags after it was called and
// waits for the follower to come that far.
//
// One question is in flight; all who come meanwhile share the next one. A tag whose node does not
// answer is not waited for until it answers again.
// Thread-safety: wait, advanced and status by any thread; start and stop by the owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "engine/schema/types.hpp"

namespace perpetua::redis {
class Client;
}

namespace perpetua::cluster {

inline constexpr int64_t kReadBarrierMs = 50;
inline constexpr std::size_t kReadBarrierWaitersMax = 65'536;  // more are let through at once

struct ReadBarrierOptions {
  int64_t wait_ms = kReadBarrierMs;
  std::size_t waiters_max = kReadBarrierWaitersMax;
};

struct ReadBarrierStatus {
  uint64_t waits = 0;
  uint64_t questions = 0;  // round trips
  uint64_t late = 0;       // let through by their deadline
  uint64_t unasked = 0;    // let through because nobody could be asked, or too many waited
  std::size_t waiting = 0;
};

class ReadBarrier {
 public:
  using Done = std::function<void()>;  // must not block or throw

  // `last_batch`: of this process's follower, any thread.
  ReadBarrier(redis::Client& client, std::function<BatchNumber()> last_batch,
              ReadBarrierOptions options = {});
  ~ReadBarrier();  // stops
  ReadBarrier(const ReadBarrier&) = delete;
  ReadBarrier& operator=(const ReadBarrier&) = delete;

  void start();
  void stop();  // lets everybody through

  // `done` runs once: on this thread, the client's, the follower's or the barrier's own.
  void wait(Done done);

  // The follower has come this far (BatchFeedOptions::on_progress).
  void advanced(BatchNumber last_batch);

  ReadBarrierStatus status() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace perpetua::cluster
