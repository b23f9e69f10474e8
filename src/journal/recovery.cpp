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

// The state that the replay begins with. record_hash 0: of that batch's record, not known.
struct Base {
  BatchNumber batch = 0;
  uint64_t record_hash = 0;
};

struct Replay {
  const DataDirectory& directory;
  Journal& journal;
  const RecoveryOptions& options;
  MatchExecutor& executor;
  ReplaySink* sink;
  Engine& engine;
};

Status replay(const Replay& to, BatchLogReader& reader, const Base& base, RecoveryResult& result,
              ReadStatus& read) {
  StoredBatch batch;
  BatchOutput output;
  while (to.engine.last_batch() < to.options.at_most) {
    read = reader.next(batch);
    if (read != ReadStatus::batch) break;
    if (batch.input.number == base.batch + 1 && base.record_hash != 0 &&
        batch.prev_hash != base.record_hash) {
      return Status::failure(place_of(reader, batch) + " does not continue the state of batch " +
                             std::to_string(base.batch) + " (hash chain)");
    }
    const Status applied = replay_batch(reader, batch, to.executor, to.sink, to.engine, output);
    if (!applied.ok()) return applied;
    ++result.replayed_batches;
    result.replayed_commands += batch.input.commands.size();
  }
  return read == ReadStatus::corrupt ? Status::failure(reader.end().message) : Status::success();
}

// The journal was read to its end: does it hold everything that is known to have been durable?
Status check_end(const Journal& journal, const JournalEnd& end, BatchNumber durable_floor,
                 const Base& base) {
  const BatchNumber last = end.position.next_batch - 1;
  if (last < durable_floor) {
    return Status::failure(journal.name() + ": ends with batch " + std::to_string(last) +
                           ", but there is a snapshot of batch " + std::to_string(durable_floor) +
                           ": part of the journal is missing");
  }
  if (last == base.batch && base.record_hash != 0 && end.position.last_hash != base.record_hash) {
    return Status::failure(end.path + ": batch " + std::to_string(last) +
                           " is not the one the state was taken after (hash chain)");
  }
  return Status::success();
}

void replay_to_end(const Replay& to, const Base& base, RecoveryResult& result) {
  // Also a damaged snapshot shows by its name that its batch had been durable.
  const std::vector<BatchNumber> taken = SnapshotStore(to.directory).list();
  const BatchNumber durable_floor = std::max(base.batch, taken.empty() ? 0 : taken.back());
  const auto reader = to.journal.read(to.engine.last_batch() + 1, durable_floor);
  ReadStatus read = ReadStatus::batch;
  result.status = replay(to, *reader, base, result, read);
  result.last_batch = to.engine.last_batch();
  if (!result.status.ok() || read == ReadStatus::batch) return;

  const JournalEnd& end = reader->end();
  result.status = check_end(to.journal, end, durable_floor, base);
  if (!result.status.ok()) return;
  PERPETUA_ASSERT(end.position.next_batch == to.engine.last_batch() + 1);
  result.position = end.position;
  result.position.last_log_time_ms = to.engine.log_time_ms();
  if (read == ReadStatus::torn_tail) {
    result.first_cut_batch = end.first_cut_batch;
    result.torn_tail = end.message;
  }
  const bool may_change =
      to.directory.is_owner() && !to.options.only_reads && to.options.at_most == UINT64_MAX;
  if (may_change) result.status = to.journal.finish_reading(end);
}

}  // namespace

RecoveryResult recover(const DataDirectory& directory, Journal& journal,
                       const RecoveryOptions& options, MatchExecutor& executor, ReplaySink* sink,
                       std::unique_ptr<Engine>& engine) {
  RecoveryResult result;
  SnapshotHeader snapshot;
  if (options.use_snapshots) {
    const BatchNumber newest = std::min(options.at_most, options.snapshot_at_most);
    SnapshotStore(directory).load_newest(engine, newest, snapshot, result.rejected_snapshots);
  } else {
    engine = std::make_unique<Engine>();
  }
  result.snapshot_batch = snapshot.batch;
  replay_to_end({directory, journal, options, executor, sink, *engine},
                {snapshot.batch, snapshot.record_hash}, result);
  return result;
}

RecoveryResult recover_tail(const DataDirectory& directory, Journal& journal,
                            const JournalPosition& position, MatchExecutor& executor,
                            ReplaySink* sink, Engine& engine) {
  PERPETUA_ASSERT(position.next_batch == engine.last_batch() + 1);
  RecoveryResult result;
  const RecoveryOptions options;
  replay_to_end({directory, journal, options, executor, sink, engine},
                {engine.last_batch(), position.last_hash}, result);
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
