#include "runtime/runtime.hpp"

#include <algorithm>
#include <thread>

#include "base/assert.hpp"
#include "journal/file_journal.hpp"
#include "journal/snapshot_store.hpp"
#include "runtime/egress_stage.hpp"
#include "runtime/journal_stage.hpp"
#include "runtime/matcher_pool.hpp"
#include "runtime/pipeline.hpp"
#include "runtime/processors.hpp"
#include "runtime/recovery_sink.hpp"
#include "runtime/sequencer.hpp"
#include "runtime/snapshotter.hpp"

namespace perpetua::runtime {
namespace {

enum class Phase : uint8_t { created, recovered, running, stopped };

// What does not fit into an empty batch would never be taken from the ring.
void assert_whole(std::span<const Submission> submissions) {
  PERPETUA_ASSERT(!submissions.empty());
  std::size_t bytes = 0;
  for (const Submission& submission : submissions) {
    PERPETUA_ASSERT(submission.text.size() <= limits::kBatchTextBytesMax);
    bytes += submission.text.size();
  }
  const Submission& first = submissions.front();
  if (first.command.header.type != CommandType::consume_stream) return;
  PERPETUA_ASSERT(first.command.consume.command_count == submissions.size() - 1);
  PERPETUA_ASSERT(first.command.consume.text_bytes == bytes - first.text.size());
  PERPETUA_ASSERT(bytes <= limits::kBatchTextBytesMax);
}

journal::WriterOptions writer_options(const RuntimeOptions& options) {
  journal::WriterOptions writing;
  writing.segment_bytes = options.segment_bytes;
  return writing;
}

}  // namespace

struct Runtime::Impl {
  explicit Impl(RuntimeOptions given)
      : options(std::move(given)),
        clock(options.clock != nullptr ? *options.clock : system_clock),
        directory(options.storage != nullptr ? *options.storage : journal::posix_storage()),
        snapshots(directory),
        matchers(std::clamp(options.matchers, 1u, usable_processors())),
        executor(matchers, options.wait),
        files(writer_options(options)),
        journal(options.journal != nullptr ? *options.journal : files),
        pipeline(options.wait) {}

  ~Impl() {
    if (log != nullptr) log->report_shortage_to(nullptr);
  }

  journal::Status open();
  journal::RecoveryResult recover(BatchNumber history_applied, journal::ReplaySink* history,
                                  journal::ReplaySink* witness);
  journal::RecoveryResult recover_warm(Follower::Warm warm, BatchNumber history_applied,
                                       journal::ReplaySink* history);
  void begin_epoch(BatchNumber history_applied, journal::ReplaySink& sink,
                   journal::RecoveryResult& result);
  journal::Status write_opening_batch(journal::ReplaySink& sink, BatchNumber& last_batch);
  void start();
  bool stop();
  bool has_journal_space();
  SubmitResult submit(std::span<Submission> submissions);
  RuntimeMetrics metrics();

  RuntimeOptions options;
  SystemClock system_clock;
  const Clock& clock;
  Phase phase = Phase::created;
  journal::DataDirectory directory;
  journal::SnapshotStore snapshots;
  const uint32_t matchers;
  MatcherPool executor;
  std::unique_ptr<Engine> engine;
  journal::FileJournal files;
  journal::Journal& journal;
  std::unique_ptr<journal::BatchLog> log;
  Pipeline pipeline;
  std::vector<EgressListener*> listeners;
  std::unique_ptr<Snapshotter> snapshotter;
  std::unique_ptr<Sequencer> sequencer;
  std::unique_ptr<JournalStage> journal_stage;
  std::unique_ptr<EgressStage> egress_stage;
  std::thread sequencer_thread;
  std::thread journal_thread;
  std::thread egress_thread;
};

journal::Status Runtime::Impl::open() {
  PERPETUA_ASSERT(phase == Phase::created);
  const journal::Status opened = directory.open({.path = options.data_dir,
                                                 .refuse_volatile = options.refuse_volatile,
                                                 .make_cluster_id = {}});
  return opened.ok() ? journal.attach(directory) : opened;
}

journal::RecoveryResult Runtime::Impl::recover(BatchNumber history_applied,
                                               journal::ReplaySink* history,
                                               journal::ReplaySink* witness) {
  journal::RecoveryResult result;
  result.status = open();
  if (!result.status.ok()) return result;
  journal::RecoveryOptions recovery;
  if (history != nullptr) recovery.snapshot_at_most = history_applied;
  RecoverySink sink(history, history_applied, witness);
  result = journal::recover(directory, journal, recovery, executor, &sink, engine);
  begin_epoch(history_applied, sink, result);
  return result;
}

journal::RecoveryResult Runtime::Impl::recover_warm(Follower::Warm warm,
                                                    BatchNumber history_applied,
                                                    journal::ReplaySink* history) {
  journal::RecoveryResult result;
  result.status = open();
  if (!result.status.ok()) return result;
  engine = std::move(warm.engine);
  if (history != nullptr && history_applied < engine->last_batch()) {
    result.status = journal::Status::failure(
        options.data_dir + ": the history has applied batch " + std::to_string(history_applied) +
        " and cannot go on from batch " + std::to_string(engine->last_batch()));
    return result;
  }
  RecoverySink sink(history, history_applied, nullptr);
  result = journal::recover_tail(directory, journal, warm.position, executor, &sink, *engine);
  begin_epoch(history_applied, sink, result);
  return result;
}

// The engine stands at the end of the journal: opens the log, and the epoch with a batch if need
// be.
void Runtime::Impl::begin_epoch(BatchNumber history_applied, journal::ReplaySink& sink,
                                journal::RecoveryResult& result) {
  if (result.status.ok()) result.status = check_history(journal, result, history_applied);
  if (result.status.ok()) result.status = journal.open_log(result.position, log);
  if (!result.status.ok()) return;
  const bool is_first = result.last_batch == 0 && !options.genesis.empty();
  if (is_first || journal.needs_opening_batch()) {
    result.status = write_opening_batch(sink, result.last_batch);
  }
  if (!result.status.ok()) return;
  result.position.next_batch = result.last_batch + 1;
  result.position.last_hash = log->last_hash();
  result.position.last_epoch = log->epoch();
  result.position.last_log_time_ms = engine->log_time_ms();
  engine->check_invariants();
  phase = Phase::recovered;
}

// The genesis batch, or an empty one that tells the new epoch.
journal::Status Runtime::Impl::write_opening_batch(journal::ReplaySink& sink,
                                                   BatchNumber& last_batch) {
  BatchSlot slot;
  if (last_batch == 0) {
    for (const Submission& submission : options.genesis) {
      const bool has_room = slot.append(submission);
      PERPETUA_ASSERT(has_room);
    }
  }
  slot.stamp(*engine, clock.now_ms());
  if (log->append(slot.input(), slot.first_event) != journal::AppendResult::appended ||
      !log->commit()) {
    return journal::Status::failure(journal.name() + ": the first batch cannot be made durable");
  }
  engine->apply(slot.input(), executor, slot.output);
  last_batch = slot.number;
  sink.on_batch(slot.applied());
  return journal::Status::success();
}

void Runtime::Impl::start() {
  PERPETUA_ASSERT(phase == Phase::recovered);
  phase = Phase::running;
  pipeline.batches.begin_after(engine->last_batch());
  snapshotter = std::make_unique<Snapshotter>(snapshots, options.snapshot_every_commands,
                                              pipeline.counters.sequencer);
  sequencer = std::make_unique<Sequencer>(pipeline, *engine, executor, clock, *snapshotter,
                                          std::chrono::microseconds(options.batch_interval_us),
                                          std::chrono::microseconds(options.batch_settle_us));
  log->report_shortage_to(&pipeline.is_short_of_space);
  journal_stage = std::make_unique<JournalStage>(pipeline, *log);
  egress_stage = std::make_unique<EgressStage>(pipeline, listeners);
  egress_thread = std::thread([this] { egress_stage->run(); });
  journal_thread = std::thread([this] { journal_stage->run(); });
  sequencer_thread = std::thread([this] { sequencer->run(); });
}

bool Runtime::Impl::stop() {
  PERPETUA_ASSERT(phase == Phase::running);
  phase = Phase::stopped;
  pipeline.commands.close();
  pipeline.is_stopping.store(true);
  pipeline.sequencer_wait->notify();
  sequencer_thread.join();
  pipeline.is_sequenced.store(true);
  pipeline.journal_wait->notify();
  journal_thread.join();
  pipeline.is_journalled.store(true);
  pipeline.egress_wait->notify();
  egress_thread.join();
  snapshotter->cancel();
  if (pipeline.is_abandoned.load()) return false;

  PERPETUA_ASSERT(pipeline.batches.released.get() == engine->last_batch());
  if (options.on_drained) options.on_drained();
  engine->check_invariants();
  // Without a snapshot the next start replays more, and that is all.
  PipelineCounters::Sequence& counters = pipeline.counters.sequencer;
  if (snapshots.write(*engine, log->last_hash()).ok() &&
      snapshots.remove_old(kSnapshotsKept).ok()) {
    counters.snapshots.add();
    counters.snapshot_batch.set(engine->last_batch());
  } else {
    counters.snapshot_failures.add();
  }
  return true;
}

// Asks the writer (a lock) only while the last answer was bad.
bool Runtime::Impl::has_journal_space() {
  if (!pipeline.is_short_of_space.load()) return true;
  const bool has_space = log->space_state() == journal::SpaceState::normal;
  if (has_space) pipeline.is_short_of_space.store(false);
  return has_space;
}

SubmitResult Runtime::Impl::submit(std::span<Submission> submissions) {
  assert_whole(submissions);
  if (!has_journal_space() && !are_cancels(submissions)) {
    pipeline.counters.submit.unavailable.add();
    return SubmitResult::unavailable;
  }
  switch (pipeline.commands.try_push(submissions)) {
    case PushResult::pushed:
      break;
    case PushResult::full:
      pipeline.counters.submit.overloaded.add();
      return SubmitResult::overloaded;
    case PushResult::closed:
      pipeline.counters.submit.shutting_down.add();
      return SubmitResult::shutting_down;
  }
  pipeline.sequencer_wait->notify();
  return SubmitResult::accepted;
}

RuntimeMetrics Runtime::Impl::metrics() {
  const PipelineCounters& counters = pipeline.counters;
  RuntimeMetrics copy;
  copy.ring_depth = pipeline.commands.depth();
  copy.ring_slots = pipeline.commands.slot_count();
  copy.commands = counters.sequencer.commands.get();
  copy.batches = counters.sequencer.batches.get();
  copy.deadline_batches = counters.sequencer.deadline_batches.get();
  copy.stalls = counters.sequencer.stalls.get();
  copy.batch_commands = counters.sequencer.batch_commands.values();
  copy.commit_us = counters.journal.commit_us.values();
  copy.released_batch = pipeline.batches.released.get();
  copy.durable_batch = pipeline.batches.durable.get();
  copy.applied_batch = pipeline.batches.applied.get();
  copy.refused_overloaded = counters.submit.overloaded.get();
  copy.refused_unavailable = counters.submit.unavailable.get();
  copy.refused_shutting_down = counters.submit.shutting_down.get();
  copy.snapshots = counters.sequencer.snapshots.get();
  copy.snapshot_failures = counters.sequencer.snapshot_failures.get();
  copy.snapshot_batch = counters.sequencer.snapshot_batch.get();
  copy.snapshot_fork_us = counters.sequencer.snapshot_fork_us.get();
  copy.space_stalls = counters.journal.space_stalls.get();
  copy.matchers = matchers;
  copy.has_journal_space = has_journal_space();
  return copy;
}

Runtime::Runtime(RuntimeOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Runtime::~Runtime() {
  if (impl_->phase == Phase::running) impl_->stop();
}

journal::RecoveryResult Runtime::recover(BatchNumber history_applied,
                                         journal::ReplaySink* history,
                                         journal::ReplaySink* witness) {
  return impl_->recover(history_applied, history, witness);
}

journal::RecoveryResult Runtime::recover_warm(Follower::Warm warm, BatchNumber history_applied,
                                              journal::ReplaySink* history) {
  return impl_->recover_warm(std::move(warm), history_applied, history);
}

void Runtime::describe(DescribeSink& sink) const { engine().describe(sink); }

const Engine& Runtime::engine() const {
  PERPETUA_ASSERT(impl_->phase == Phase::recovered || impl_->phase == Phase::stopped);
  return *impl_->engine;
}

void Runtime::add_listener(EgressListener& listener) {
  PERPETUA_ASSERT(impl_->phase == Phase::created || impl_->phase == Phase::recovered);
  impl_->listeners.push_back(&listener);
}

void Runtime::start() { impl_->start(); }

SubmitResult Runtime::submit(std::span<Submission> submissions) {
  return impl_->submit(submissions);
}

bool Runtime::stop() { return impl_->stop(); }

RuntimeMetrics Runtime::metrics() const { return impl_->metrics(); }

}  // namespace perpetua::runtime
