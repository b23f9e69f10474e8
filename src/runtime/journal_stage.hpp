// JournalStage: makes sealed batches durable, in groups. One thread.
//
// Takes all batches that are sealed, appends and commits them with one write and one sync, moves
// `durable` on, and repeats; batches that are sealed meanwhile form the next group. No timer.
//
// No space, or a database that is not there: what cannot be appended or committed waits here and is
// tried again; the batch ring and then the command ring fill up behind it. While the log is in its
// reserve, Runtime::submit refuses everything but cancels. When the exchange is stopping, no
// progress for kSpacePatience means giving up: the rest is abandoned, unanswered and not known to
// be durable.
// A sync error never returns: the file writer ends the process; so does a log of the table that was
// deposed.
//
// Thread-safety: run() on the one thread that uses the log until it returns. It returns when
// nothing more will be sealed and all is durable, or after giving up.
#pragma once

#include <chrono>

#include "journal/journal.hpp"
#include "runtime/pipeline.hpp"

namespace perpetua::runtime {

inline constexpr std::chrono::milliseconds kSpaceRetry{50};
inline constexpr std::chrono::milliseconds kSpacePatience{2'000};

class JournalStage {
 public:
  JournalStage(Pipeline& pipeline, journal::BatchLog& log);

  void run();

 private:
  bool append_sealed();
  bool commit();
  bool wait_for_space();

  Pipeline& pipeline_;
  journal::BatchLog& log_;
  MonotonicTime give_up_ = kForever;
};

}  // namespace perpetua::runtime
