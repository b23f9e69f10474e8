// HistoryIntake: what a writer of the history has been handed over and has not written yet.
//
//   committed | taken | missing | in the backlog | dropped | handed over
//
// A full backlog drops what follows, until all that is in it has been taken and written. Then what
// was dropped is missing: it must come from the journal before anything else, while new batches
// are kept again. So every batch is written once, in order, and the backlog may be of any size.
// Not thread-safe.
#pragma once

#include <string>
#include <vector>

#include "stores/postgres/history_backlog.hpp"

namespace perpetua::stores {

struct IntakeOptions {
  std::string folder;  // for the files of the backlog
  uint64_t file_bytes_max = 4ull << 30;
  std::size_t memory_bytes_max = history_limits::kBacklogMemoryBytesMax;
  bool may_drop = false;  // false: a backlog that takes no more is a failure
};

class HistoryIntake {
 public:
  explicit HistoryIntake(const IntakeOptions& options);

  // One of these first, or the first batch is number 1. at: the database has all up to `committed`.
  // after: all up to `last` count as handed over and dropped, whatever the database has.
  void begin_at(BatchNumber committed);
  void begin_after(BatchNumber last);

  // False: there is no room, and it may not drop; failure() says why. REQUIRES: batch.number is
  // handed_over() + 1.
  [[nodiscard]] bool add(HistoryBatch batch);

  // The database has this batch. If it is an older one than before, what lies between is missing.
  void set_committed(BatchNumber batch);

  // The last of the batches after committed() that must come from the journal first; 0: none.
  BatchNumber find_missing();

  // Appends to the group until it has so many bytes. Returns the last batch that the group covers
  // (also batches without rows, which are not queued). REQUIRES: find_missing() is 0.
  BatchNumber take(std::vector<HistoryBatch>& group, std::size_t bytes_max);

  BatchNumber handed_over() const { return handed_over_; }
  BatchNumber committed() const { return committed_; }
  uint64_t missing_batches() const;  // that the journal alone has
  bool is_empty() const { return backlog_.is_empty() && missing_batches() == 0; }
  std::size_t bytes() const { return backlog_.bytes(); }
  uint64_t file_bytes() const { return backlog_.file_bytes(); }
  const std::string& failure() const { return backlog_.failure(); }
  void clear() { backlog_.clear(); }

 private:
  const bool may_drop_;
  HistoryBacklog backlog_;
  BatchNumber handed_over_ = 0;
  BatchNumber committed_ = 0;
  BatchNumber missing_last_ = 0;  // at most committed_: nothing is missing
  bool is_dropping_ = false;
  BatchNumber kept_last_ = 0;  // while dropping: the last batch that was kept
};

}  // namespace perpetua::stores
