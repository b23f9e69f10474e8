// Journal: where the batches of an exchange are kept. Two kinds: segment files (file_journal.hpp)
// and a table of PostgreSQL (postgres/table_journal.hpp). What recovery and the runtime need of
// either is here; the records are the same in both.
//
//   attach(directory)      once before anything else: does this journal belong to that folder?
//   read(from, floor)      every batch from `from` on, verified
//   finish_reading(end)    after a whole reading by the owner: makes the end ready to be written on
//   open_log(position)     the writing end, under the next epoch
//
// Thread-safety: one thread, but for what BatchLog says.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "journal/record_parser.hpp"
#include "journal/status.hpp"

namespace perpetua::journal {

class DataDirectory;

enum class ReadStatus {
  batch,      // one more; its views live until the next call
  end,        // the journal ends cleanly
  torn_tail,  // it ends with a torn group: end().offset on is to be cut (files only)
  corrupt,    // end().message says where and why; nothing may be cut
};

// Where and how reading ended.
struct JournalEnd {
  std::string path;     // of the last segment read, or the table; empty if there is none
  uint64_t offset = 0;  // end of the last good record, or of the bad bytes' beginning
  BatchNumber first_cut_batch = 0;  // torn tail: the first batch that is lost
  std::string message;              // torn tail and corruption
  int error = -1;  // corruption: ENOTCONN if the journal only cannot be reached now, as in Status
  JournalPosition position;         // after the last good record
  uint64_t segments = 0;
};

// Every batch in order, each verified before it is handed out.
class BatchLogReader {
 public:
  virtual ~BatchLogReader() = default;
  virtual ReadStatus next(StoredBatch& batch) = 0;
  virtual const JournalEnd& end() const = 0;  // after next() gave anything but `batch`

  virtual std::string place_of(const StoredBatch& batch) const = 0;  // for messages
  // The part of the journal it is in, for reports: a segment, or an epoch of the table.
  virtual std::string part_of(const StoredBatch& batch) const = 0;
};

enum class AppendResult {
  appended,
  group_full,  // commit(), then append again
  no_space,    // not taken; commit what was, then append again later
  failed,      // the log is over (see its own header); nothing more is taken
};

// reserve: commands other than cancels are to be refused before sequencing, because what is
// appended may wait: no space, or the database is not there.
enum class SpaceState : uint8_t { normal, reserve };

// The writing end: batches in, durable groups out.
//
// Thread-safety: append, commit and last_hash by the one journal thread; durable_batch and
// space_state by any thread.
class BatchLog {
 public:
  virtual ~BatchLog() = default;

  // Copies the batch into the group; not durable yet. REQUIRES: batch.number is the next one; its
  // log time does not decrease.
  virtual AppendResult append(const BatchInput& batch, uint64_t first_event) = 0;

  // True: every appended batch is durable (also with nothing appended). False: not yet, and not
  // known to be; what was appended is kept, and the next commit() tries again. durable_batch() may
  // have moved on in either case.
  [[nodiscard]] virtual bool commit() = 0;

  virtual uint64_t epoch() const = 0;
  virtual BatchNumber last_appended() const = 0;
  virtual uint64_t last_hash() const = 0;  // of the newest appended record
  virtual BatchNumber durable_batch() const = 0;
  virtual SpaceState space_state() const = 0;

  // A flag to raise as soon as space_state() becomes `reserve`, also while nothing is committed.
  // Optional; it outlives the log or is taken back with nullptr.
  virtual void report_shortage_to(std::atomic<bool>* /*is_short*/) {}
};

class Journal {
 public:
  virtual ~Journal() = default;

  virtual Status attach(const DataDirectory& directory) = 0;
  // Hands out batches >= from. Batches up to `durable_floor` are known to have been durable.
  virtual std::unique_ptr<BatchLogReader> read(BatchNumber from, BatchNumber durable_floor) = 0;
  virtual Status finish_reading(const JournalEnd& end) = 0;
  virtual Status open_log(const JournalPosition& position, std::unique_ptr<BatchLog>& log) = 0;

  // Whether a start must commit a batch under its epoch before it serves.
  virtual bool needs_opening_batch() const = 0;
  virtual std::string name() const = 0;  // for messages
};

}  // namespace perpetua::journal
