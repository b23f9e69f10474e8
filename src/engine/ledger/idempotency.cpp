#include "engine/ledger/idempotency.hpp"

namespace perpetua {

const IdempotencyEntry* IdempotencyTable::find(const Hash128& key) const {
  const uint32_t* place = places_.find(key);
  return place == nullptr ? nullptr : &ring_[*place];
}

// Growing by doubling moves a quarter of a million entries within one command: 70 ms, and every
// process that follows the journal does it at the same batch.
void IdempotencyTable::make_room() {
  ring_.reserve(capacity_);
  places_.reserve(capacity_);
}

uint32_t IdempotencyTable::insert_pending(const Hash128& key, uint64_t payload_hash) {
  const IdempotencyEntry entry{key, payload_hash, {}, 1};
  uint32_t place = 0;
  if (ring_.size() < capacity_) {
    place = static_cast<uint32_t>(ring_.size());
    if (place == kWholeFrom) make_room();
    ring_.push_back(entry);
  } else {
    place = oldest_;
    PERPETUA_ASSERT(ring_[place].pending == 0);  // a batch is far smaller than the table
    places_.erase(ring_[place].key);
    ring_[place] = entry;
    oldest_ = (oldest_ + 1) % capacity_;
  }
  places_.insert(key, place);
  return place;
}

void IdempotencyTable::complete(uint32_t place, const Outcome& outcome) {
  PERPETUA_ASSERT(ring_[place].pending == 1);
  ring_[place].outcome = outcome;
  ring_[place].pending = 0;
}

void IdempotencyTable::save(ByteSink& sink) const {
  write_value(sink, capacity_);
  write_value(sink, oldest_);
  write_vector(sink, ring_);
}

bool IdempotencyTable::load(ByteSource& source) {
  if (!read_value(source, capacity_) || !read_value(source, oldest_)) return false;
  if (capacity_ > limits::kIdempotencyEntriesMax) return false;
  if (capacity_ == 0 || !read_vector(source, ring_, capacity_)) return false;
  if (oldest_ != 0 && oldest_ >= ring_.size()) return false;
  places_.clear();
  ring_.size() < kWholeFrom ? places_.reserve(ring_.size()) : make_room();
  for (uint32_t place = 0; place < ring_.size(); ++place) {
    if (places_.find(ring_[place].key) != nullptr) return false;
    places_.insert(ring_[place].key, place);
  }
  return true;
}

void IdempotencyTable::check_invariants() const {
  PERPETUA_ASSERT(ring_.size() <= capacity_ && places_.size() == ring_.size());
  for (const IdempotencyEntry& entry : ring_) PERPETUA_ASSERT(entry.pending == 0);
}

}  // namespace perpetua
