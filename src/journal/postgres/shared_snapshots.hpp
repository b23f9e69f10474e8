// SharedSnapshots: snapshots of the exchange in the journal's database, so that a process that
// starts replays minutes instead of days (docs/formats/journal-table.md, section 11).
//
// A snapshot is stored as the bytes of its file, in parts. publish() writes all parts of one, or
// none, in one transaction; any number of processes may do so at once. The newest kSharedSnapshots
// are kept. fetch() takes the newest one that is newer than every local one into the data
// directory: under a temporary name, synced, checked as a local one is, then renamed.
// Nothing here is needed for safety: without it, or when it fails, recovery replays more.
//
// Thread-safety: one thread. Blocks for the time the transfer takes, pauses included.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/pg/connection.hpp"
#include "journal/snapshot_store.hpp"

namespace perpetua::journal::postgres {

inline constexpr std::size_t kSnapshotPartBytes = 1u << 20;
inline constexpr int kSharedSnapshots = 2;

class SharedSnapshots {
 public:
  explicit SharedSnapshots(std::string url) : url_(std::move(url)) {}

  // Of the newest snapshot of `directory`. `published` is its batch, 0 if there was nothing to do:
  // no snapshot, or the database holds it or a newer one. Creates the table if it is missing. Only
  // reads the directory: one that was opened read-only will do. `pause`, if there is one, is called
  // between two parts, so that a snapshot does not come over the replicas at once; false gives up.
  using Pause = std::function<bool()>;
  Status publish(const DataDirectory& directory, BatchNumber& published, const Pause& pause = {});

  struct Fetched {
    BatchNumber batch = 0;              // 0: nothing newer than the local ones
    std::vector<std::string> rejected;  // snapshots that failed their check, why
  };
  // REQUIRES: `directory` is the caller's own and nobody else writes its snapshots meanwhile.
  Status fetch(const DataDirectory& directory, Fetched& fetched);

 private:
  Status connect(pg::Connection& connection) const;

  const std::string url_;
};

}  // namespace perpetua::journal::postgres
