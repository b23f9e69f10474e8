// What recovery gives a history: the replayed batches that it has not applied yet, each once, in
// order (HistoryFilter); and whether that history can belong to this journal (check_history).
// Thread-safety: one thread.
#pragma once

#include <string>

#include "base/assert.hpp"
#include "journal/recovery.hpp"

namespace perpetua::runtime {

class HistoryFilter final : public journal::ReplaySink {
 public:
  HistoryFilter(journal::ReplaySink& sink, BatchNumber applied) : sink_(sink), applied_(applied) {}
  void on_batch(const AppliedBatch& batch) override {
    if (batch.number <= applied_) return;
    PERPETUA_ASSERT(batch.number == applied_ + 1);
    sink_.on_batch(batch);
    applied_ = batch.number;
  }

 private:
  journal::ReplaySink& sink_;
  BatchNumber applied_;
};

// A history that has applied more than the journal holds is not one of this journal.
inline journal::Status check_history(const journal::Journal& journal,
                                     const journal::RecoveryResult& result,
                                     BatchNumber history_applied) {
  if (history_applied <= result.last_batch) return journal::Status::success();
  return journal::Status::failure(
      journal.name() + ": the history has applied batch " + std::to_string(history_applied) +
      ", but the journal ends at batch " + std::to_string(result.last_batch));
}

}  // namespace perpetua::runtime
