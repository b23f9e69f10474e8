#include "runtime/journal_stage.hpp"

#include "base/assert.hpp"
#include "runtime/processors.hpp"

namespace perpetua::runtime {

using journal::AppendResult;

JournalStage::JournalStage(Pipeline& pipeline, journal::BatchLog& log)
    : pipeline_(pipeline), log_(log) {}

void JournalStage::run() {
  name_this_thread("journal");
  BatchRing& batches = pipeline_.batches;
  for (;;) {
    pipeline_.journal_wait->wait([&] {
      return batches.sealed.get() > batches.durable.get() || pipeline_.is_sequenced.load();
    });
    if (batches.sealed.get() == batches.durable.get()) return;
    const bool has_space = append_sealed();
    if (commit() && has_space) {
      give_up_ = kForever;
    } else if (!wait_for_space()) {
      pipeline_.is_abandoned.store(true);
      pipeline_.sequencer_wait->notify();
      return;
    }
  }
}

// False: there is no space for the next one.
bool JournalStage::append_sealed() {
  BatchRing& batches = pipeline_.batches;
  const BatchNumber sealed = batches.sealed.get();
  for (BatchNumber number = log_.last_appended() + 1; number <= sealed; ++number) {
    BatchSlot& slot = batches.slot(number);
    PERPETUA_ASSERT(slot.number == number);
    const AppendResult result = log_.append(slot.input(), slot.first_event);
    if (result == AppendResult::group_full) return true;
    if (result == AppendResult::no_space) return false;
    PERPETUA_ASSERT(result == AppendResult::appended);
    slot.record_hash = log_.last_hash();
  }
  return true;
}

// False: what was appended is not all durable yet.
bool JournalStage::commit() {
  BatchRing& batches = pipeline_.batches;
  if (log_.last_appended() == batches.durable.get()) return true;
  const auto before = std::chrono::steady_clock::now();
  const bool is_durable = log_.commit();
  const auto took = std::chrono::steady_clock::now() - before;
  const BatchNumber durable = log_.durable_batch();
  PERPETUA_ASSERT(!is_durable || durable == log_.last_appended());
  pipeline_.is_short_of_space.store(log_.space_state() != journal::SpaceState::normal);
  if (durable == batches.durable.get()) return is_durable;
  batches.durable.set(durable);
  // If none of it is applied yet, the sequencer sees `durable` and notifies.
  if (batches.applied.get() > batches.released.get()) pipeline_.egress_wait->notify();
  pipeline_.counters.journal.commit_us.record(
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
  return is_durable;
}

// True: try again. False: the exchange is stopping and patience is over.
bool JournalStage::wait_for_space() {
  pipeline_.counters.journal.space_stalls.add();
  pipeline_.is_short_of_space.store(true);
  const auto now = std::chrono::steady_clock::now();
  if (pipeline_.is_stopping.load() && give_up_ == kForever) give_up_ = now + kSpacePatience;
  if (now >= give_up_) return false;
  pipeline_.journal_wait->wait_until(now + kSpaceRetry, [] { return false; });
  return true;
}

}  // namespace perpetua::runtime
