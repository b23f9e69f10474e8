#include "stores/postgres/history_intake.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace perpetua::stores {

HistoryIntake::HistoryIntake(const IntakeOptions& options)
    : may_drop_(options.may_drop),
      backlog_(options.folder, options.file_bytes_max, options.memory_bytes_max) {}

void HistoryIntake::begin_at(BatchNumber committed) {
  committed_ = committed;
  handed_over_ = committed;
}

void HistoryIntake::begin_after(BatchNumber last) {
  PERPETUA_ASSERT(may_drop_);
  handed_over_ = last;
  is_dropping_ = true;
}

bool HistoryIntake::add(HistoryBatch batch) {
  PERPETUA_ASSERT(batch.number == handed_over_ + 1);
  const BatchNumber number = batch.number;
  const bool is_kept = !is_dropping_ && number > committed_ && !batch.is_empty();
  if (is_kept && !backlog_.push(std::move(batch))) {
    if (!may_drop_) return false;
    backlog_.forget_failure();
    is_dropping_ = true;
    kept_last_ = number - 1;
  }
  handed_over_ = number;
  return true;
}

void HistoryIntake::set_committed(BatchNumber batch) {
  if (batch < committed_) missing_last_ = std::max(missing_last_, committed_);
  committed_ = batch;
}

BatchNumber HistoryIntake::find_missing() {
  if (is_dropping_ && backlog_.is_empty() && committed_ >= kept_last_) {
    missing_last_ = handed_over_;
    is_dropping_ = false;
  }
  return missing_last_ > committed_ ? missing_last_ : 0;
}

BatchNumber HistoryIntake::take(std::vector<HistoryBatch>& group, std::size_t bytes_max) {
  BatchNumber last = committed_;
  for (std::size_t bytes = 0; bytes < bytes_max;) {
    auto batch = backlog_.pop();
    if (!batch) break;
    if (batch->number <= committed_) continue;  // by a writer before this one
    bytes += batch->bytes();
    last = batch->number;
    group.push_back(std::move(*batch));
  }
  if (may_drop_ && !backlog_.failure().empty()) {  // a file that cannot be read
    backlog_.clear();
    is_dropping_ = true;
    kept_last_ = last;
  }
  if (!backlog_.is_empty()) return last;
  return std::max(last, is_dropping_ ? kept_last_ : handed_over_);
}

uint64_t HistoryIntake::missing_batches() const {
  uint64_t count = missing_last_ > committed_ ? missing_last_ - committed_ : 0;
  if (is_dropping_) count += handed_over_ - std::max({kept_last_, committed_, missing_last_});
  return count;
}

}  // namespace perpetua::stores
