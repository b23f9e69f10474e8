// JournalWriter: the write-ahead log. Batches in; durable groups out, one write and one fdatasync
// each, no timer.
//
//   open(position)  opens a new segment under the next epoch
//   append(batch)   copies the batch into the group buffer (memcpy, CRC32C, hash); not durable yet
//   commit()        writes the group and syncs; on true everything appended is durable
//
// Segments are pre-allocated and zero-written; a helper thread prepares the next one. When it
// finds no space, space_state() becomes `reserve`: the caller then refuses new commands before
// sequencing and lets cancels go on from the rest of the current segment; the helper keeps trying
// and the state returns to `normal` by itself. append() answers `no_space` once that rest is used
// up, too: the batch was not taken and may be appended again later. Segments are never deleted.
//
// A failed write or sync is never retried: on_sync_error is called once (by default it reports and
// ends the process with kExitSyncError) and the writer takes nothing more.
// Thread-safety: append, commit and last_hash by the one journal thread; durable_batch,
// space_state and reserve_bytes by any thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "journal/data_directory.hpp"
#include "journal/format.hpp"
#include "journal/journal.hpp"

namespace perpetua::journal {

class SegmentPreparer;

inline constexpr int kExitSyncError = 74;  // EX_IOERR of sysexits.h

struct WriterOptions {
  uint64_t segment_bytes = kSegmentBytesDefault;  // multiple of 4096, room for one largest batch
  int64_t prepare_retry_ms = 1'000;               // while there is no space
  std::function<void(const std::string& message)> on_sync_error;  // empty = exit kExitSyncError
};

class JournalWriter final : public BatchLog {
 public:
  JournalWriter(const DataDirectory& directory, WriterOptions options);
  ~JournalWriter() override;  // does not commit
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  // REQUIRES: the directory is owned; once per object.
  Status open(const JournalPosition& position);

  // REQUIRES: open() succeeded. `failed`: after a sync error that on_sync_error survived.
  AppendResult append(const BatchInput& batch, uint64_t first_event) override;

  // False: see on_sync_error.
  [[nodiscard]] bool commit() override;

  uint64_t epoch() const override { return epoch_; }
  BatchNumber last_appended() const override { return next_batch_ - 1; }
  uint64_t last_hash() const override { return last_hash_; }
  BatchNumber durable_batch() const override {
    return durable_batch_.load(std::memory_order_acquire);
  }
  SpaceState space_state() const override;
  uint64_t reserve_bytes() const;  // left in the current segment

 private:
  struct BufferDelete {
    void operator()(std::byte* bytes) const;
  };

  Status open_segment(uint64_t number);
  Status begin_segment(uint64_t number, std::unique_ptr<File> file);
  bool fits_current(uint64_t group_bytes) const;
  void fail(const std::string& message);

  const DataDirectory& directory_;
  WriterOptions options_;
  std::unique_ptr<SegmentPreparer> preparer_;
  std::unique_ptr<std::byte, BufferDelete> group_;  // aligned to kBlockBytes
  uint64_t group_capacity_ = 0;
  uint64_t group_used_ = 0;
  BatchNumber group_first_ = 0;
  std::unique_ptr<File> file_;
  std::string file_path_;
  uint64_t segment_number_ = 0;
  std::atomic<uint64_t> segment_used_{0};
  uint64_t epoch_ = 0;
  uint32_t crc_seed_ = 0;
  BatchNumber next_batch_ = 1;
  int64_t last_log_time_ms_ = 0;
  uint64_t last_hash_ = 0;       // of the newest appended record
  uint64_t committed_hash_ = 0;  // of the newest durable record
  std::atomic<BatchNumber> durable_batch_{0};
  bool failed_ = false;
};

}  // namespace perpetua::journal
