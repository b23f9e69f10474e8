#include "journal/verify.hpp"

#include <cstdio>

#include "journal/journal_reader.hpp"
#include "journal/snapshot_store.hpp"

namespace perpetua::journal {
namespace {

struct SegmentTotals {
  uint64_t number = 0;
  uint64_t epoch = 0;
  BatchNumber first = 0;
  BatchNumber last = 0;
  uint64_t commands = 0;
  uint64_t last_hash = 0;

  void print_to(const PrintLine& print) const {
    if (number == 0) return;
    print(segment_name(number) + " epoch " + std::to_string(epoch) + " batches " +
          std::to_string(first) + "-" + std::to_string(last) + " commands " +
          std::to_string(commands) + " hash " + hash_text(last_hash));
  }
};

Status verify_snapshots(const DataDirectory& directory, const VerifyResult& result,
                        const PrintLine& print) {
  const SnapshotStore store(directory);
  for (const BatchNumber batch : store.list()) {
    SnapshotHeader header;
    if (const Status checked = store.check(batch, header); !checked.ok()) return checked;
    if (batch > result.last_batch) {
      return Status::failure(store.path_of(batch) + ": the journal ends before it, with batch " +
                             std::to_string(result.last_batch));
    }
    print("snapshot of batch " + std::to_string(batch) + " bytes " +
          std::to_string(header.body_length) + " state " + hash_text(header.state_hash));
  }
  return Status::success();
}

}  // namespace

std::string hash_text(uint64_t hash) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

VerifyResult verify(const DataDirectory& directory, const PrintLine& print) {
  VerifyResult result;
  JournalReader reader(directory, 1);
  StoredBatch batch;
  SegmentTotals segment;
  ReadStatus read = ReadStatus::batch;
  while ((read = reader.next(batch)) == ReadStatus::batch) {
    if (batch.segment_number != segment.number) {
      segment.print_to(print);
      segment = {batch.segment_number, batch.epoch, batch.input.number, 0, 0, 0};
    }
    segment.last = batch.input.number;
    segment.commands += batch.input.commands.size();
    segment.last_hash = batch.record_hash;
    ++result.batches;
    result.commands += batch.input.commands.size();
    result.last_batch = batch.input.number;
    result.last_hash = batch.record_hash;
  }
  segment.print_to(print);
  result.segments = reader.end().segments;
  result.has_torn_tail = read == ReadStatus::torn_tail;
  if (read == ReadStatus::corrupt) {
    result.status = Status::failure(reader.end().message);
  } else {
    result.status = verify_snapshots(directory, result, print);
  }
  if (!result.status.ok()) return result;
  if (result.has_torn_tail) print("torn tail, not acknowledged: " + reader.end().message);
  print("cluster " + cluster_id_text(directory.cluster_id()) + " segments " +
        std::to_string(result.segments) + " batches " + std::to_string(result.batches) +
        " commands " + std::to_string(result.commands) + " last batch " +
        std::to_string(result.last_batch) + " hash " + hash_text(result.last_hash));
  print("ok");
  return result;
}

}  // namespace perpetua::journal
