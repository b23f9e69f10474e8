// JournalStage: makes sealed batches durable, in groups. One thread.
//
// Takes all batches that are sealed, appends and commits them with one write and one sync, moves
// `durable` on, and repeats; batches that are sealed meanwhile form the next group. No timer.
//
// No space: what cannot be appended waits here and is tried again; the batch ring and then the
// command ring fill up behind it. While the writer is in its reserve, Runtime::submit refuses
// everything but cancels. When the exchange is stopping, no space for kSpacePatience means giving
// up: the rest is abandoned, unanswered and not durable.
// A sync error never returns: the writer ends the process.
//
// Thread-safety: run() on the one thread that uses the writer until it returns. It returns when
// nothing more will be sealed and all is durable, or after giving up.
#pragma once

#include <chrono>

#include "journal/journal_writer.hpp"
#include "runtime/pipeline.hpp"

namespace perpetua::runtime {

inline constexpr std::chrono::milliseconds kSpaceRetry{50};
inline constexpr std::chrono::milliseconds kSpacePatience{2'000};

class JournalStage {
 public:
  JournalStage(Pipeline& pipeline, journal::JournalWriter& writer);

  void run();

 private:
  bool append_sealed();
  void commit();
  bool wait_for_space();

  Pipeline& pipeline_;
  journal::JournalWriter& writer_;
  MonotonicTime give_up_ = kForever;
};

}  // namespace perpetua::runtime
