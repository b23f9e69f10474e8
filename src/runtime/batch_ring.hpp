// BatchRing: the batches between sequencer, journal and egress. Pre-allocated slots that keep their
// capacity, so nothing is allocated in steady state.
//
//   released      durable     applied  sealed
//      |  egress     |  journal   |       |          at most limits::kBatchesInFlightMax apart
//   ---+-------------+------------+-------+-----> batch number (slot = number mod slots)
//
//   sealed    the input is complete: the journal may write it          written by the sequencer
//   applied   the output is complete                                   written by the sequencer
//   durable   the record is on the disk                                written by journal
//   released  every listener has seen it; the slot is free again       written by egress
//
// Each counter holds a batch number and only grows. The sequencer waits for released, journal for
// sealed, egress for the lower of applied and durable. Between `sealed` and `released`
// the input is read-only; the output belongs to the sequencer until `applied`.
// Invariants: released <= min(applied, durable) <= max(applied, durable) <= sealed
//             <= released + limits::kBatchesInFlightMax.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/limits.hpp"
#include "runtime/batch_slot.hpp"
#include "runtime/sequence.hpp"

namespace perpetua::runtime {

class BatchRing {
 public:
  BatchRing() : slots_(kSlots) {}

  // `last` is the newest batch of the history so far. Before the stages start.
  void begin_after(BatchNumber last) {
    for (Sequence* sequence : {&sealed, &applied, &durable, &released}) sequence->set(last);
  }

  BatchSlot& slot(BatchNumber number) { return slots_[number % kSlots]; }

  bool has_free_slot() const { return sealed.get() - released.get() < kSlots; }
  // After `number` was released: may the sequencer have been waiting for its slot?
  bool was_full_before(BatchNumber number) const { return sealed.get() - number + 1 >= kSlots; }
  BatchNumber releasable() const { return std::min(applied.get(), durable.get()); }

  Sequence sealed;
  Sequence applied;
  Sequence durable;
  Sequence released;

 private:
  static constexpr uint64_t kSlots = limits::kBatchesInFlightMax;
  std::vector<BatchSlot> slots_;
};

}  // namespace perpetua::runtime
