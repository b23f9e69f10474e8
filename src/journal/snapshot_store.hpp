// SnapshotStore: the engine's state at a batch boundary, as a file. A cache of the journal: it
// only bounds recovery time, and losing every snapshot loses nothing.
//
//   0 magic u64 "PERPSNAP"                56 next_event u64
//   8 version u32 | 12 crc32c u32         64 state_hash u64
//  16 schema_hash u64                     72 record_hash u64 (0 = unknown)
//  24 cluster_id 16 bytes                 80 body_length u64
//  40 batch u64                           88 body_crc32c u32 | 92 zero u32
//  48 log_time_ms i64                     96 body: what Engine::save wrote
//
// Written to a temporary name -> fsync -> rename -> fsync of the directory. Loading verifies
// header, length, CRC32C, and that the loaded engine has the batch, time, event sequence and state
// hash that the header names; a snapshot that fails is skipped for the one before.
// Thread-safety: one thread at a time; write() may run in a forked child.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "journal/data_directory.hpp"
#include "journal/format.hpp"

namespace perpetua::journal {

inline constexpr uint64_t kSnapshotMagic = 0x5041'4E53'5052'4550;  // "PERPSNAP"
inline constexpr std::size_t kSnapshotsKeptMin = 2;

struct SnapshotHeader {
  uint64_t magic = kSnapshotMagic;
  uint32_t version = kFormatVersion;
  uint32_t crc32c = 0;  // of the header with this field zero
  uint64_t schema_hash = kSchemaHash;
  ClusterId cluster_id{};
  BatchNumber batch = 0;
  int64_t log_time_ms = 0;
  uint64_t next_event = 0;
  uint64_t state_hash = 0;
  uint64_t record_hash = 0;
  uint64_t body_length = 0;
  uint32_t body_crc32c = 0;
  uint32_t zero = 0;
};
static_assert(sizeof(SnapshotHeader) == 96 && PlainRecord<SnapshotHeader>);

uint32_t snapshot_header_crc(SnapshotHeader header);  // whatever its crc32c field holds

class SnapshotStore {
 public:
  explicit SnapshotStore(const DataDirectory& directory) : directory_(directory) {}

  // REQUIRES: engine.last_batch() is durable in the journal, and the engine does not change during
  // the call. `record_hash` is JournalWriter::last_hash() of that batch (0 = not known).
  Status write(const Engine& engine, uint64_t record_hash);

  // The newest valid snapshot with batch <= at_most, into a new engine. False: none; `engine` is
  // then a fresh one. `rejected` collects one message per snapshot that was skipped as damaged.
  bool load_newest(std::unique_ptr<Engine>& engine, BatchNumber at_most, SnapshotHeader& header,
                   std::vector<std::string>& rejected) const;

  // Header, length and body checksum; not the state hash.
  Status check(BatchNumber batch, SnapshotHeader& header) const;

  // A file that was brought here whole and synced under a temporary name: checks it as check()
  // does, then gives it its name. Not ok: it is as it was.
  Status adopt(const std::string& temporary, BatchNumber batch, SnapshotHeader& header);

  std::vector<BatchNumber> list() const;  // ascending
  // Removes the oldest and leftovers of unfinished writes. REQUIRES: keep >= kSnapshotsKeptMin.
  Status remove_old(std::size_t keep);

  std::string path_of(BatchNumber batch) const;

 private:
  Status load(BatchNumber batch, Engine& engine, SnapshotHeader& header) const;

  const DataDirectory& directory_;
};

}  // namespace perpetua::journal
