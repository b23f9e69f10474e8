#include "runtime/egress_stage.hpp"

#include "base/assert.hpp"
#include "base/crash_point.hpp"
#include "runtime/processors.hpp"

namespace perpetua::runtime {

EgressStage::EgressStage(Pipeline& pipeline, std::vector<EgressListener*> listeners)
    : pipeline_(pipeline), listeners_(std::move(listeners)) {}

void EgressStage::run() {
  name_this_thread("egress");
  BatchRing& batches = pipeline_.batches;
  for (;;) {
    pipeline_.egress_wait->wait([&] {
      return batches.releasable() > batches.released.get() || pipeline_.is_journalled.load();
    });
    const BatchNumber last = batches.releasable();
    if (batches.released.get() == last) return;
    while (batches.released.get() < last) release(batches.released.get() + 1);
  }
}

void EgressStage::release(BatchNumber number) {
  BatchRing& batches = pipeline_.batches;
  const BatchSlot& slot = batches.slot(number);
  PERPETUA_ASSERT(slot.number == number);
  PERPETUA_ASSERT(number <= batches.durable.get());
  PERPETUA_ASSERT(number <= batches.applied.get());
  PERPETUA_ASSERT(slot.targets.size() == slot.output.outcomes.size());
  PERPETUA_CRASH_POINT("egress_before_listeners");
  const AppliedBatch applied = slot.applied();
  for (EgressListener* listener : listeners_) listener->on_batch(applied, slot.targets);
  PERPETUA_CRASH_POINT("egress_after_listeners");
  batches.released.set(number);
  if (batches.was_full_before(number)) pipeline_.sequencer_wait->notify();
}

}  // namespace perpetua::runtime
