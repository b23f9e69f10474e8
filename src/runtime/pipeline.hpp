// Pipeline: what the stages share. One object per running exchange, owned by Runtime.
//
//   gateways --> commands --> sequencer --+--> journal stage --+--> egress stage --> listeners
//                             (engine)    |                    |
//                                         +------ applied -----+
//
// Each stage waits on a strategy of its own; whoever changes what it waits for notifies that one.
//   sequencer   commands published, ring closed, batch released
//   journal     batch sealed, stopping
//   egress      batch applied or durable, whichever comes last; stopping
#pragma once

#include <atomic>
#include <memory>

#include "runtime/batch_ring.hpp"
#include "runtime/metrics.hpp"
#include "runtime/multi_producer_ring.hpp"
#include "runtime/wait_strategy.hpp"

namespace perpetua::runtime {

struct Pipeline {
  explicit Pipeline(WaitKind wait)
      : sequencer_wait(make_wait_strategy(wait)),
        journal_wait(make_wait_strategy(wait)),
        egress_wait(make_wait_strategy(wait)) {}

  MultiProducerRing commands;
  BatchRing batches;
  PipelineCounters counters;
  std::unique_ptr<WaitStrategy> sequencer_wait;
  std::unique_ptr<WaitStrategy> journal_wait;
  std::unique_ptr<WaitStrategy> egress_wait;

  // The journal has little space left: only cancels may enter. Refreshed by the journal stage with
  // every commit and by submit() while it is set.
  std::atomic<bool> is_short_of_space{false};

  // Set by Runtime::stop in this order, each once.
  std::atomic<bool> is_stopping{false};    // the ring is closed
  std::atomic<bool> is_sequenced{false};   // no batch will be sealed any more
  std::atomic<bool> is_journalled{false};  // nothing will become durable any more

  // The journal gave up while stopping: no space for what is left. Nothing of it was answered.
  std::atomic<bool> is_abandoned{false};
};

}  // namespace perpetua::runtime
