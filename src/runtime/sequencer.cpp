#include "runtime/sequencer.hpp"

#include <algorithm>
#include <thread>

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "runtime/processors.hpp"

namespace perpetua::runtime {
namespace {

// With a deadline or a snapshot outstanding, look again at least this often: log time may be
// stepped, and a child ends without notifying anyone.
constexpr int64_t kLookEveryMaxMs = 100;

}  // namespace

Sequencer::Sequencer(Pipeline& pipeline, Engine& engine, MatchExecutor& executor,
                     const Clock& clock, Snapshotter& snapshotter,
                     std::chrono::microseconds interval, std::chrono::microseconds settle)
    : pipeline_(pipeline),
      engine_(engine),
      executor_(executor),
      clock_(clock),
      snapshotter_(snapshotter),
      interval_(interval),
      settle_(settle),
      deadline_ms_(engine.next_deadline_ms()) {}

void Sequencer::run() {
  name_this_thread("sequencer");
  while (wait_for_work() && wait_for_slot()) {
    keep_interval();
    snapshotter_.poll(pipeline_.batches);
    BatchSlot& slot = pipeline_.batches.slot(engine_.last_batch() + 1);
    fill(slot);
    if (slot.commands.empty() && !is_deadline_due()) continue;
    process(slot);
  }
}

bool Sequencer::wait_for_work() {
  MultiProducerRing& commands = pipeline_.commands;
  pipeline_.sequencer_wait->wait_until(
      next_look(), [&] { return commands.is_ready() || commands.is_drained(); });
  return !commands.is_drained();
}

bool Sequencer::wait_for_slot() {
  if (pipeline_.batches.has_free_slot()) return true;
  pipeline_.counters.sequencer.stalls.add();
  pipeline_.sequencer_wait->wait(
      [&] { return pipeline_.batches.has_free_slot() || pipeline_.is_abandoned.load(); });
  return pipeline_.batches.has_free_slot();
}

// Asleep, not on the stage's wait strategy: who submits meanwhile need not wake anybody.
void Sequencer::keep_interval() {
  if (interval_.count() == 0 && settle_.count() == 0) return;
  const MonotonicTime settled = std::chrono::steady_clock::now() + settle_;
  std::this_thread::sleep_until(std::max(next_batch_, settled));
  next_batch_ = std::chrono::steady_clock::now() + interval_;
}

bool Sequencer::is_deadline_due() const {
  return deadline_ms_ != INT64_MAX && deadline_ms_ <= clock_.now_ms();
}

MonotonicTime Sequencer::next_look() const {
  int64_t wait_ms = kLookEveryMaxMs;
  if (deadline_ms_ != INT64_MAX) {
    wait_ms = std::clamp<int64_t>(deadline_ms_ - clock_.now_ms(), 0, kLookEveryMaxMs);
  } else if (!snapshotter_.has_child()) {
    return kForever;
  }
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
}

void Sequencer::fill(BatchSlot& slot) {
  slot.clear();
  pipeline_.commands.take(limits::kBatchCommandsMax,
                          [&](const Submission& submission) { return slot.append(submission); });
}

void Sequencer::process(BatchSlot& slot) {
  PipelineCounters::Sequence& counters = pipeline_.counters.sequencer;
  BatchRing& batches = pipeline_.batches;
  const uint64_t count = slot.commands.size();
  slot.stamp(engine_, clock_.now_ms());
  batches.sealed.set(slot.number);
  pipeline_.journal_wait->notify();

  engine_.apply(slot.input(), executor_, slot.output);
  PERPETUA_ASSERT(slot.output.outcomes.size() == count);
  PERPETUA_ASSERT(slot.output.first_event == slot.first_event);
  counters.batches.add();
  counters.commands.add(count);
  counters.batch_commands.record(count);
  if (count == 0) counters.deadline_batches.add();
  batches.applied.set(slot.number);
  // If it is not durable yet, the journal stage sees `applied` and notifies.
  if (batches.durable.get() >= slot.number) pipeline_.egress_wait->notify();

  deadline_ms_ = engine_.next_deadline_ms();
  snapshotter_.after_batch(engine_, count);
}

}  // namespace perpetua::runtime
