#include "journal/recovery.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "journal/file_journal.hpp"
#include "journal/snapshot_store.hpp"

namespace perpetua::journal {
namespace {

std::string place_of(const BatchLogReader& reader, const StoredBatch& batch) {
  return reader.place_of(batch) + ": batch " + std::to_string(batch.input.number);
}

// Reasons to refuse a record that is whole: it does not fit the state it should be applied to.
Status check_fits(const BatchLogReader& reader, const StoredBatch& batch, const Engine& engine) {
  if (batch.input.number != engine.last_batch() + 1) {
    return Status::failure(place_of(reader, batch) + " does not follow batch " +
                           std::to_string(engine.last_batch()));
  }
  if (batch.input.log_time_ms < engine.log_time_ms()) {
    return Status::failure(place_of(reader, batch) + ": log time goes backwards");
  }
  for (const Command& command : batch.input.commands) {
    const uint64_t end = uint64_t{command.header.text_offset} + command.header.text_length;
    if (end > batch.input.text.size()) {
      return Status::failure(place_of(reader, batch) +
                             ": a command's text lies outside the record");
    }
  }
  return Status::success();
}

Status replay_batch(const BatchLogReader& reader, const StoredBatch& batch, MatchExecutor& executor,
                    ReplaySink* sink, Engine& engine, BatchOutput& output) {
  if (const Status fits = check_fits(reader, batch, engine); !fits.ok()) return fits;
  engine.apply(batch.input, executor, output);
  if (output.first_event != batch.first_event) {
    return Status::failure(place_of(reader, batch) + ": the replay's first event is " +
                           std::to_string(output.first_event) + ", the journal's is " +
                           std::to_string(batch.first_event) +
                           "; this binary behaves differently from the one that wrote it");
  }
  if (sink != nullptr) {
    sink->on_batch({batch.input.number, batch.input.log_time_ms, output.first_event,
                    batch.input.commands, output.outcomes, output.events, batch.input.text});
  }
  return Status::success();
}

Status replay(BatchLogReader& reader, const SnapshotHeader& snapshot,
              const RecoveryOptions& options, MatchExecutor& executor, ReplaySink* sink,
              Engine& engine, RecoveryResult& result, ReadStatus& read) {
  StoredBatch batch;
  BatchOutput output;
  while (engine.last_batch() < options.at_most) {
    read = reader.next(batch);
    if (read != ReadStatus::batch) break;
    if (batch.input.number == snapshot.batch + 1 && snapshot.record_hash != 0 &&
        batch.prev_hash != snapshot.record_hash) {
      return Status::failure(place_of(reader, batch) + " does not continue the snapshot of batch " +
                             std::to_string(snapshot.batch) + " (hash chain)");
    }
    const Status applied = replay_batch(reader, batch, executor, sink, engine, output);
    if (!applied.ok()) return applied;
    ++result.replayed_batches;
    result.replayed_commands += batch.input.commands.size();
  }
  return read == ReadStatus::corrupt ? Status::failure(reader.end().message) : Status::success();
}

// The journal was read to its end: does it hold everything that is known to have been durable?
Status check_end(const Journal& journal, const JournalEnd& end, BatchNumber durable_floor,
                 const SnapshotHeader& snapshot) {
  const BatchNumber last = end.position.next_batch - 1;
  if (last < durable_floor) {
    return Status::failure(journal.name() + ": ends with batch " + std::to_string(last) +
                           ", but there is a snapshot of batch " + std::to_string(durable_floor) +
                           ": part of the journal is missing");
  }
  if (last == snapshot.batch && snapshot.record_hash != 0 &&
      end.position.last_hash != snapshot.record_hash) {
    return Status::failure(end.path + ": batch " + std::to_string(last) +
                           " is not the one the snapshot was taken after (hash chain)");
  }
  return Status::success();
}

}  // namespace

RecoveryResult recover(const DataDirectory& directory, Journal& journal,
                       const RecoveryOptions& options, MatchExecutor& executor, ReplaySink* sink,
                       std::unique_ptr<Engine>& engine) {
  RecoveryResult result;
  const SnapshotStore snapshots(directory);
  SnapshotHeader snapshot;
  if (options.use_snapshots) {
    const BatchNumber newest = std::min(options.at_most, options.snapshot_at_most);
    snapshots.load_newest(engine, newest, snapshot, result.rejected_snapshots);
  } else {
    engine = std::make_unique<Engine>();
  }
  result.snapshot_batch = snapshot.batch;
  // Also a damaged snapshot shows by its name that its batch had been durable.
  const std::vector<BatchNumber> taken = snapshots.list();
  const BatchNumber durable_floor = taken.empty() ? 0 : taken.back();
  const auto reader = journal.read(engine->last_batch() + 1, durable_floor);
  ReadStatus read = ReadStatus::batch;
  result.status = replay(*reader, snapshot, options, executor, sink, *engine, result, read);
  result.last_batch = engine->last_batch();
  if (!result.status.ok() || read == ReadStatus::batch) return result;

  const JournalEnd& end = reader->end();
  result.status = check_end(journal, end, durable_floor, snapshot);
  if (!result.status.ok()) return result;
  PERPETUA_ASSERT(end.position.next_batch == engine->last_batch() + 1);
  result.position = end.position;
  result.position.last_log_time_ms = engine->log_time_ms();
  if (read == ReadStatus::torn_tail) {
    result.first_cut_batch = end.first_cut_batch;
    result.torn_tail = end.message;
  }
  const bool may_change = directory.is_owner() && options.at_most == UINT64_MAX;
  if (may_change) result.status = journal.finish_reading(end);
  return result;
}

RecoveryResult recover(const DataDirectory& directory, const RecoveryOptions& options,
                       MatchExecutor& executor, ReplaySink* sink, std::unique_ptr<Engine>& engine) {
  FileJournal files;
  RecoveryResult result;
  result.status = files.attach(directory);
  if (!result.status.ok()) return result;
  return recover(directory, files, options, executor, sink, engine);
}

}  // namespace perpetua::journal
