#include "runtime/follower.hpp"

#include <algorithm>
#include <atomic>

#include "base/assert.hpp"
#include "journal/file_journal.hpp"
#include "journal/record_parser.hpp"
#include "journal/snapshot_store.hpp"
#include "runtime/matcher_pool.hpp"
#include "runtime/metrics.hpp"
#include "runtime/processors.hpp"
#include "runtime/recovery_sink.hpp"
#include "runtime/snapshotter.hpp"

namespace perpetua::runtime {

using journal::ReadStatus;
using journal::Status;
using journal::StoredBatch;

struct Follower::Impl {
  explicit Impl(FollowerOptions given)
      : options(std::move(given)),
        executor(std::clamp(options.matchers, 1u, usable_processors()), options.wait),
        journal(options.journal != nullptr ? *options.journal : files) {
    directory.emplace(options.storage != nullptr ? *options.storage : journal::posix_storage());
  }

  Status open_directory();
  journal::RecoveryResult recover(BatchNumber history_applied, journal::ReplaySink* history,
                                  journal::ReplaySink* witness);
  Taken take(std::span<const std::byte> record, std::string& why);
  Status catch_up(uint64_t& batches, BatchNumber at_most);
  Status check_end(const journal::JournalEnd& end) const;
  std::string reason_against(const StoredBatch& batch) const;
  Taken refuse(std::string reason, std::string& why);
  void apply(const StoredBatch& batch);
  Status write_snapshot();
  journal::JournalPosition position() const;
  Warm release();

  FollowerOptions options;
  std::optional<journal::DataDirectory> directory;  // none once released
  MatcherPool executor;
  journal::FileJournal files;
  journal::Journal& journal;
  std::unique_ptr<Engine> engine;
  journal::ChainState chain;
  uint32_t crc_seed = 0;

  std::vector<EgressListener*> listeners;
  FillTargets fill_targets;
  BatchOutput output;
  std::vector<ReplyTarget> targets;
  std::vector<std::byte> aligned;

  PipelineCounters::Sequence counters;
  std::unique_ptr<Snapshotter> snapshotter;
  std::atomic<BatchNumber> last_batch{0};
  Counter epoch;
  Counter duplicates;
  Counter gaps;
  Counter refused;
};

Status Follower::Impl::open_directory() {
  journal::DataDirectoryOptions opening{options.data_dir, options.refuse_volatile, {}};
  if (options.cluster_id) opening.make_cluster_id = [this] { return *options.cluster_id; };
  const Status opened = directory->open(opening);
  if (!opened.ok() || !options.cluster_id || *options.cluster_id == directory->cluster_id()) {
    return opened;
  }
  return Status::failure(options.data_dir + ": belongs to the exchange " +
                         journal::cluster_id_text(directory->cluster_id()) + ", not to " +
                         journal::cluster_id_text(*options.cluster_id));
}

journal::RecoveryResult Follower::Impl::recover(BatchNumber history_applied,
                                                journal::ReplaySink* history,
                                                journal::ReplaySink* witness) {
  PERPETUA_ASSERT(engine == nullptr);
  journal::RecoveryResult result;
  result.status = open_directory();
  if (result.status.ok()) result.status = journal.attach(*directory);
  if (!result.status.ok()) return result;

  journal::RecoveryOptions recovery;
  recovery.only_reads = true;
  if (history != nullptr) recovery.snapshot_at_most = history_applied;
  RecoverySink sink(history, history_applied, witness);
  result = journal::recover(*directory, journal, recovery, executor, &sink, engine);
  if (result.status.ok()) result.status = check_history(journal, result, history_applied);
  if (!result.status.ok()) return result;
  engine->check_invariants();
  const journal::JournalPosition& at = result.position;
  chain = {at.next_batch, at.last_hash, at.last_epoch, at.last_log_time_ms, 0, 0};
  crc_seed = journal::record_crc_seed(directory->cluster_id());
  snapshotter = std::make_unique<Snapshotter>(journal::SnapshotStore(*directory),
                                              options.snapshot_every_commands, counters);
  epoch.set(chain.epoch);
  last_batch.store(engine->last_batch());
  return result;
}

Follower::Taken Follower::Impl::refuse(std::string reason, std::string& why) {
  refused.add();
  why = std::move(reason);
  return Taken::refused;
}

// What a whole record must be to come next here; empty if it is.
std::string Follower::Impl::reason_against(const StoredBatch& batch) const {
  if (batch.input.number != chain.next_batch) return "batch number is not the next one";
  if (batch.prev_hash != chain.last_hash) {
    return "hash chain is broken: it belongs to another history";
  }
  if (batch.epoch < chain.epoch) {
    return "epoch " + std::to_string(batch.epoch) + " is over, the newest is " +
           std::to_string(chain.epoch);
  }
  if (batch.input.log_time_ms < chain.log_time_ms) return "log time goes backwards";
  if (batch.first_event != engine->next_event_sequence()) {
    return "its first event is " + std::to_string(batch.first_event) + ", the replica's is " +
           std::to_string(engine->next_event_sequence()) +
           "; this binary behaves differently from the one that wrote it";
  }
  if (!journal::is_within_limits(batch.input)) return "a command's text lies outside the record";
  return {};
}

Follower::Taken Follower::Impl::take(std::span<const std::byte> record, std::string& why) {
  snapshotter->reap();
  journal::RecordHeader header;
  if (const char* reason = check_record(record, crc_seed, header)) return refuse(reason, why);
  if (header.length != record.size()) return refuse("bytes behind the record", why);
  const std::string name = "batch " + std::to_string(header.batch) + ": ";
  if (header.batch < chain.next_batch) {
    const bool is_newest = header.batch + 1 == chain.next_batch;
    if (is_newest && journal::record_hash(record) != chain.last_hash) {
      return refuse(name + "another record was applied as this one", why);
    }
    duplicates.add();
    return Taken::duplicate;
  }
  if (header.batch > chain.next_batch) {
    gaps.add();
    return Taken::gap;
  }
  if (const char* reason = check_chain(header, chain)) return refuse(name + reason, why);
  if (reinterpret_cast<uintptr_t>(record.data()) % alignof(Command) != 0) {
    aligned.assign(record.begin(), record.end());
    record = aligned;
  }
  StoredBatch batch;
  journal::ChainState next = chain;
  take_record(record, header, next, batch);
  if (const std::string reason = reason_against(batch); !reason.empty()) {
    return refuse(name + reason, why);
  }
  apply(batch);
  return Taken::applied;
}

Status Follower::Impl::catch_up(uint64_t& batches, BatchNumber at_most) {
  batches = 0;
  snapshotter->reap();
  const auto reader = journal.read(chain.next_batch, chain.next_batch - 1);
  StoredBatch batch;
  while (chain.next_batch <= at_most) {
    const ReadStatus read = reader->next(batch);
    if (read == ReadStatus::corrupt) {
      return Status::failure(reader->end().message, reader->end().error);
    }
    if (read != ReadStatus::batch) return check_end(reader->end());
    if (const std::string reason = reason_against(batch); !reason.empty()) {
      refused.add();
      return Status::failure(reader->place_of(batch) + ": batch " +
                             std::to_string(batch.input.number) + ": " + reason);
    }
    apply(batch);
    ++batches;
  }
  return Status::success();
}

// Does the journal end where this replica stands?
Status Follower::Impl::check_end(const journal::JournalEnd& end) const {
  const BatchNumber last = end.position.next_batch - 1;
  if (last != engine->last_batch()) {
    return Status::failure(journal.name() + ": ends with batch " + std::to_string(last) +
                           ", behind batch " + std::to_string(engine->last_batch()) +
                           " of this replica");
  }
  if (end.position.last_hash != chain.last_hash) {
    return Status::failure(journal.name() + ": batch " + std::to_string(last) +
                           " is not the one applied here (hash chain): another history");
  }
  return Status::success();
}

void Follower::Impl::apply(const StoredBatch& batch) {
  const BatchInput& input = batch.input;
  engine->apply(input, executor, output);
  PERPETUA_ASSERT(output.first_event == batch.first_event);
  chain = {input.number + 1,  batch.record_hash, batch.epoch,
           input.log_time_ms, batch.first_event, batch.durable_batch};
  targets.assign(input.commands.size(), ReplyTarget{});
  if (fill_targets) fill_targets(input, targets);
  PERPETUA_ASSERT(targets.size() == input.commands.size());
  const AppliedBatch applied{input.number,    input.log_time_ms, output.first_event, input.commands,
                             output.outcomes, output.events,     input.text};
  for (EgressListener* listener : listeners) listener->on_batch(applied, targets);
  counters.batches.add();
  counters.commands.add(input.commands.size());
  epoch.set(batch.epoch);
  last_batch.store(input.number);
  snapshotter->after_batch(*engine, input.commands.size());
  if (snapshotter->is_waiting()) snapshotter->release(chain.last_hash);  // durable long since
}

Status Follower::Impl::write_snapshot() {
  snapshotter->cancel();
  if (engine->last_batch() == 0) return Status::success();
  journal::SnapshotStore store(*directory);
  Status written = store.write(*engine, chain.last_hash);
  if (written.ok()) written = store.remove_old(kSnapshotsKept);
  if (written.ok()) {
    counters.snapshots.add();
    counters.snapshot_batch.set(engine->last_batch());
  } else {
    counters.snapshot_failures.add();
  }
  return written;
}

journal::JournalPosition Follower::Impl::position() const {
  journal::JournalPosition at;
  at.next_batch = chain.next_batch;
  at.last_hash = chain.last_hash;
  at.last_epoch = chain.epoch;
  at.last_log_time_ms = chain.log_time_ms;
  return at;
}

Follower::Warm Follower::Impl::release() {
  snapshotter.reset();  // first: a child shares the lock of the directory
  directory.reset();
  return {std::move(engine), position()};
}

Follower::Follower(FollowerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Follower::~Follower() = default;

journal::RecoveryResult Follower::recover(BatchNumber history_applied,
                                          journal::ReplaySink* history,
                                          journal::ReplaySink* witness) {
  return impl_->recover(history_applied, history, witness);
}

void Follower::describe(DescribeSink& sink) const { engine().describe(sink); }

const Engine& Follower::engine() const {
  PERPETUA_ASSERT(impl_->engine != nullptr);
  return *impl_->engine;
}

const journal::ClusterId& Follower::cluster_id() const { return impl_->directory->cluster_id(); }

journal::JournalPosition Follower::position() const { return impl_->position(); }

void Follower::add_listener(EgressListener& listener) { impl_->listeners.push_back(&listener); }

void Follower::on_targets(FillTargets fill) { impl_->fill_targets = std::move(fill); }

Follower::Taken Follower::take(std::span<const std::byte> record, std::string& why) {
  return impl_->take(record, why);
}

journal::Status Follower::catch_up(uint64_t& batches, BatchNumber at_most) {
  return impl_->catch_up(batches, at_most);
}

journal::Status Follower::write_snapshot() { return impl_->write_snapshot(); }

BatchNumber Follower::last_batch() const { return impl_->last_batch.load(); }

FollowerMetrics Follower::metrics() const {
  const PipelineCounters::Sequence& counters = impl_->counters;
  return {.last_batch = impl_->last_batch.load(),
          .epoch = impl_->epoch.get(),
          .batches = counters.batches.get(),
          .commands = counters.commands.get(),
          .duplicates = impl_->duplicates.get(),
          .gaps = impl_->gaps.get(),
          .refused = impl_->refused.get(),
          .snapshots = counters.snapshots.get(),
          .snapshot_failures = counters.snapshot_failures.get(),
          .snapshot_batch = counters.snapshot_batch.get()};
}

Follower::Warm Follower::release() { return impl_->release(); }

}  // namespace perpetua::runtime
