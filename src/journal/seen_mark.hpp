// SeenMark: the newest batch this engine has seen durable in the journal table, kept in its own
// data directory, so that a database that lost history is not taken for the truth.
//
//   <data directory>/journal_seen, 64 bytes
//    0 magic u64 "PERPSEEN" |  8 version u32 | 12 crc32c u32 of the other bytes
//   16 cluster_id 16 bytes | 32 batch u64 | 40 epoch u64 | 48 record_hash u64 | 56 zero u64
//
// Written with one write and not synced: it survives the death of the process, and after a power
// cut it may be older than the truth, which only makes it say less. A damaged mark is refused.
// Thread-safety: one thread.
#pragma once

#include <memory>
#include <string>

#include "journal/data_directory.hpp"

namespace perpetua::journal {

struct SeenBatch {
  BatchNumber batch = 0;
  uint64_t epoch = 0;
  uint64_t record_hash = 0;
};

class SeenMark {
 public:
  static bool exists(const DataDirectory& directory);

  // Reads the mark; without one, batch 0.
  Status read(const DataDirectory& directory, SeenBatch& seen) const;

  // Opens the file for write(); makes it (synced, with `seen`) if it is not there. REQUIRES: the
  // directory is owned and lives as long as this.
  Status open(const DataDirectory& directory, const SeenBatch& seen);
  Status write(const SeenBatch& seen);

 private:
  const DataDirectory* directory_ = nullptr;
  std::unique_ptr<File> file_;
};

}  // namespace perpetua::journal
