// TableLog: batches in, durable groups out, one INSERT and one COMMIT each, no timer.
//
// A group is what was appended since the last commit, at most kGroupBytesMax: one statement that
// inserts all of its rows or none, and only if the row before is this engine's (its hash, an epoch
// not above ours). Nothing is durable before the server has answered its COMMIT. A group whose
// COMMIT has no answer stays in doubt until Leader has found out; then it is dropped or written
// again. While the table cannot be written the state is `reserve` and what was appended waits.
//
// append() answers `failed` once the leadership is over (Leader ends the process by default).
// Thread-safety: as BatchLog says.
#pragma once

#include <atomic>
#include <vector>

#include "journal/data_directory.hpp"
#include "journal/journal.hpp"
#include "journal/postgres/leader.hpp"
#include "journal/seen_mark.hpp"

namespace perpetua::journal::postgres {

class TableLog final : public BatchLog {
 public:
  // REQUIRES: both outlive this; the table ends at `position`.
  TableLog(Leader& leader, const DataDirectory& directory, const JournalPosition& position);
  ~TableLog() override;

  Status open();  // the seen mark; once, before anything else

  AppendResult append(const BatchInput& batch, uint64_t first_event) override;
  [[nodiscard]] bool commit() override;

  uint64_t epoch() const override { return epoch_; }
  BatchNumber last_appended() const override { return next_batch_ - 1; }
  uint64_t last_hash() const override { return last_hash_; }
  BatchNumber durable_batch() const override {
    return durable_batch_.load(std::memory_order_acquire);
  }
  SpaceState space_state() const override {
    return leader_.is_available() ? SpaceState::normal : SpaceState::reserve;
  }
  void report_shortage_to(std::atomic<bool>* is_short) override;

 private:
  struct Row {
    BatchNumber batch = 0;
    uint64_t first_event = 0;
    uint32_t command_count = 0;
    uint64_t prev_hash = 0;
    uint64_t hash = 0;
    std::size_t offset = 0;  // in group_
    std::size_t length = 0;
  };

  pg::Parameters parameters() const;
  bool drop_durable();

  Leader& leader_;
  const DataDirectory& directory_;
  const uint32_t crc_seed_;
  uint64_t epoch_;
  BatchNumber next_batch_;
  int64_t last_log_time_ms_;
  uint64_t last_hash_;     // of the newest appended record
  uint64_t durable_hash_;  // of the newest durable one
  std::vector<std::byte> group_;
  std::vector<Row> rows_;
  std::atomic<BatchNumber> durable_batch_;
  std::atomic<bool> is_over_{false};
  SeenMark seen_;
};

}  // namespace perpetua::journal::postgres
