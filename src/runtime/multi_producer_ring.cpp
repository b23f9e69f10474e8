#include "runtime/multi_producer_ring.hpp"

namespace perpetua::runtime {

MultiProducerRing::MultiProducerRing(uint32_t slots, uint32_t cancel_reserve)
    : mask_(slots - 1), cancel_reserve_(cancel_reserve), slots_(new Slot[slots]) {
  PERPETUA_ASSERT(slots >= 2 && (slots & mask_) == 0);
  PERPETUA_ASSERT(cancel_reserve < slots);
}

PushResult MultiProducerRing::try_push(std::span<Submission> submissions) {
  const uint64_t count = submissions.size();
  PERPETUA_ASSERT(count >= 1 && count <= limits::kSubmissionsMax);
  const uint64_t allowed = slot_count() - (are_cancels(submissions) ? 0 : cancel_reserve_);

  uint64_t first = claimed_.load(std::memory_order_seq_cst);
  do {
    if ((first & kClosedBit) != 0) return PushResult::closed;
    // A stale `first` may lie behind `consumed`; the exchange below then fails and reloads it.
    const uint64_t consumed = consumed_.get();
    if (first >= consumed && first - consumed + count > allowed) return PushResult::full;
  } while (!claimed_.compare_exchange_weak(first, first + count, std::memory_order_seq_cst));

  for (uint64_t i = count; i-- > 0;) {
    Slot& target = slot(first + i);
    target.submission.command = submissions[i].command;
    target.submission.text = std::move(submissions[i].text);
    target.submission.target = submissions[i].target;
    target.published.store(first + i + 1,
                           i == 0 ? std::memory_order_seq_cst : std::memory_order_release);
  }
  return PushResult::pushed;
}

bool MultiProducerRing::is_drained() const noexcept {
  return claimed_.load(std::memory_order_seq_cst) == (consumed_.get() | kClosedBit);
}

uint64_t MultiProducerRing::depth() const noexcept {
  const uint64_t consumed = consumed_.get();
  const uint64_t claimed = claimed_.load(std::memory_order_seq_cst) & ~kClosedBit;
  return claimed > consumed ? claimed - consumed : 0;
}

}  // namespace perpetua::runtime
