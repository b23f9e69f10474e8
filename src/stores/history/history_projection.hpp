// HistoryProjection: what writes the history, seen from the exchange: batches in, in order.
//
// Implementations: HistoryWriter (SQLite, embedded), PostgresHistoryWriter.
// Thread-safety: apply and flush from one thread (egress); the other calls from any.
#pragma once

#include <cstddef>
#include <string>

#include "engine/schema/batch.hpp"

namespace perpetua::stores {

class HistoryProjection {
 public:
  virtual ~HistoryProjection() = default;

  // Last batch whose rows are committed.
  virtual BatchNumber applied_batch() const = 0;

  // Older batches than those handed over are ignored, so each is applied exactly once.
  // REQUIRES: batch.number is at most the last one handed over + 1.
  virtual void apply(const AppliedBatch& batch) = 0;

  // The same for batches that are replayed: waits for room, because a replay is faster than any
  // database and holds up nobody.
  virtual void apply_replayed(const AppliedBatch& batch) { apply(batch); }

  // Returns when everything handed over is committed; false if it is not and will not be soon.
  virtual bool flush() = 0;

  // Rows are dropped from now on; the next start goes on from applied_batch().
  virtual bool failed() const = 0;
  virtual std::string failure() const = 0;  // what went wrong; empty if nothing has

  virtual std::size_t queued_bytes() const = 0;  // rows not committed yet

  // Batches not committed yet that had no room in the queue: they are read from the journal.
  virtual uint64_t missing_batches() const { return 0; }
};

}  // namespace perpetua::stores
