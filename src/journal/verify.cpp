#include "journal/verify.hpp"

#include <cstdio>

#include "journal/snapshot_store.hpp"

namespace perpetua::journal {
namespace {

struct PartTotals {
  std::string name;
  BatchNumber first = 0;
  BatchNumber last = 0;
  uint64_t commands = 0;
  uint64_t last_hash = 0;

  void print_to(const PrintLine& print) const {
    if (name.empty()) return;
    print(name + " batches " + std::to_string(first) + "-" + std::to_string(last) + " commands " +
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

VerifyResult verify(const DataDirectory& directory, Journal& journal, const PrintLine& print) {
  VerifyResult result;
  const auto reader = journal.read(1, 0);
  StoredBatch batch;
  PartTotals part;
  uint64_t epoch = 0;
  uint64_t segment = 0;
  ReadStatus read = ReadStatus::batch;
  while ((read = reader->next(batch)) == ReadStatus::batch) {
    if (part.name.empty() || batch.segment_number != segment || batch.epoch != epoch) {
      part.print_to(print);
      part = {reader->part_of(batch), batch.input.number, 0, 0, 0};
      segment = batch.segment_number;
      epoch = batch.epoch;
    }
    part.last = batch.input.number;
    part.commands += batch.input.commands.size();
    part.last_hash = batch.record_hash;
    ++result.batches;
    result.commands += batch.input.commands.size();
    result.last_batch = batch.input.number;
    result.last_hash = batch.record_hash;
  }
  part.print_to(print);
  result.segments = reader->end().segments;
  result.has_torn_tail = read == ReadStatus::torn_tail;
  if (read == ReadStatus::corrupt) {
    result.status = Status::failure(reader->end().message);
  } else {
    result.status = verify_snapshots(directory, result, print);
  }
  if (!result.status.ok()) return result;
  if (result.has_torn_tail) print("torn tail, not acknowledged: " + reader->end().message);
  print("cluster " + cluster_id_text(directory.cluster_id()) + " segments " +
        std::to_string(result.segments) + " batches " + std::to_string(result.batches) +
        " commands " + std::to_string(result.commands) + " last batch " +
        std::to_string(result.last_batch) + " hash " + hash_text(result.last_hash));
  print("ok");
  return result;
}

}  // namespace perpetua::journal
