// MultiProducerRing: from the gateway's threads to the sequencer. Pre-allocated and lock-free.
//
//     consumed            published (per slot)              claimed
//        |  ready to take      |  being written by producers   |      free
//   -----+---------------------+-------------------------------+---------------> position
//
// A request claims its n slots at once and next to each other, or none: a full ring refuses, it
// never blocks a producer. The last limits::kCommandRingCancelReserve slots are open to requests of
// cancels (are_cancels) only. Slots are filled back to front, the first one published last, so the
// consumer sees a request whole or not at all. close() ends it: claims after it are refused, claims
// before it are still delivered.
//
// Thread-safety: try_push from any thread; take, is_empty_and_closed from the one consumer; the
// rest from any thread. The consumer never allocates or frees: text is moved into the slot by the
// producer and copied out. Kept for reuse: at most one text buffer per slot.
// Invariants: consumed <= claimed <= consumed + slot count; per producer, order is kept.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "runtime/api/submit.hpp"
#include "runtime/sequence.hpp"

namespace perpetua::runtime {

enum class PushResult : uint8_t { pushed, full, closed };

class MultiProducerRing {
 public:
  explicit MultiProducerRing(uint32_t slots = limits::kCommandRingSlots,
                             uint32_t cancel_reserve = limits::kCommandRingCancelReserve);

  // REQUIRES: 1 <= submissions.size() <= limits::kSubmissionsMax. Text is moved from only if
  // pushed. The caller then notifies the consumer.
  PushResult try_push(std::span<Submission> submissions);

  // Hands published submissions to visit(const Submission&) in order, while it returns true (false
  // leaves that submission in the ring), at most `count_max`; then frees their slots at once.
  template <class Visit>
  uint32_t take(uint32_t count_max, Visit&& visit) {
    const uint64_t first = consumed_.get();
    uint32_t count = 0;
    while (count < count_max && is_published(first + count) &&
           visit(static_cast<const Submission&>(slot(first + count).submission))) {
      ++count;
    }
    if (count != 0) consumed_.set(first + count);
    return count;
  }

  // Consumer: the next submission can be taken.
  bool is_ready() const { return is_published(consumed_.get()); }

  void close() noexcept { claimed_.fetch_or(kClosedBit, std::memory_order_seq_cst); }
  bool is_closed() const noexcept { return (claimed_.load() & kClosedBit) != 0; }
  // True once and for ever when no submission is in the ring or can still come.
  bool is_drained() const noexcept;

  uint64_t depth() const noexcept;
  uint32_t slot_count() const noexcept { return mask_ + 1; }

 private:
  static constexpr uint64_t kClosedBit = 1ull << 63;

  // `published` holds the position + 1 that the slot was last published for, so no slot has to be
  // marked free again.
  struct Slot {
    std::atomic<uint64_t> published{0};
    Submission submission;
  };

  Slot& slot(uint64_t position) { return slots_[position & mask_]; }
  const Slot& slot(uint64_t position) const { return slots_[position & mask_]; }
  bool is_published(uint64_t position) const {
    return slot(position).published.load(std::memory_order_seq_cst) == position + 1;
  }

  const uint32_t mask_;
  const uint32_t cancel_reserve_;
  std::unique_ptr<Slot[]> slots_;
  alignas(kCacheLineBytes) std::atomic<uint64_t> claimed_{0};
  Sequence consumed_;
};

}  // namespace perpetua::runtime
