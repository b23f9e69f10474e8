// Who hears the batches that recovery replays (RecoverySink): a history those that it has not
// applied yet, each once, in order; a witness all of them. And whether that history can belong to
// this journal (check_history).
// Thread-safety: one thread.
#pragma once

#include <string>

#include "base/assert.hpp"
#include "journal/recovery.hpp"

namespace perpetua::runtime {

class RecoverySink final : public journal::ReplaySink {
 public:
  // Either may be null.
  RecoverySink(journal::ReplaySink* history, BatchNumber history_applied,
               journal::ReplaySink* witness)
      : history_(history), applied_(history_applied), witness_(witness) {}

  void on_batch(const AppliedBatch& batch) override {
    if (witness_ != nullptr) witness_->on_batch(batch);
    if (history_ == nullptr || batch.number <= applied_) return;
    PERPETUA_ASSERT(batch.number == applied_ + 1);
    history_->on_batch(batch);
    applied_ = batch.number;
  }

 private:
  journal::ReplaySink* const history_;
  BatchNumber applied_;
  journal::ReplaySink* const witness_;
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
