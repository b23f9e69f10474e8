// FlatMap: open addressing with linear probing over one array of plain entries.
//
// Deterministic in what it answers, never iterated: its order must not reach any output, so owners
// rebuild it from canonical state instead of saving it. Keys supply `uint64_t map_hash(const
// Key&)`; keys that agents choose must be hashed with a seed before they get here. Thread-safety:
// none. Grows by doubling at half load (amortised; owners reserve() what they expect). The array is
// zeroed by the kernel, each page when it is first used: a large reserve() costs nothing at once.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <type_traits>
#include <utility>

#include "base/assert.hpp"
#include "base/hash.hpp"

namespace perpetua {

inline uint64_t map_hash(const Hash128& key) {
  return key.low ^ (key.high * 0x9E3779B97F4A7C15ull);
}
inline uint64_t map_hash(uint64_t key) { return hash_mix(key, 0x6D61705F68617368ull); }

template <class Key, class Value>
class FlatMap {
 public:
  void reserve(std::size_t count) {
    std::size_t capacity = 16;
    while (capacity < count * 2) capacity *= 2;
    if (capacity > capacity_) rehash(capacity);
  }

  Value* find(const Key& key) {
    if (size_ == 0) return nullptr;
    Entry& entry = entries_[locate(key)];
    return entry.used != 0 ? &entry.value : nullptr;
  }
  const Value* find(const Key& key) const { return const_cast<FlatMap*>(this)->find(key); }

  // REQUIRES: the key is absent.
  void insert(const Key& key, const Value& value) {
    if ((size_ + 1) * 2 > capacity_) rehash(capacity_ == 0 ? 16 : capacity_ * 2);
    Entry& entry = entries_[locate(key)];
    PERPETUA_ASSERT(entry.used == 0);
    entry = Entry{key, value, 1};
    ++size_;
  }

  // REQUIRES: the key is present. Shifts followers back, so no tombstones pile up.
  void erase(const Key& key) {
    const std::size_t mask = capacity_ - 1;
    std::size_t hole = locate(key);
    PERPETUA_ASSERT(entries_[hole].used != 0);
    for (std::size_t next = (hole + 1) & mask; entries_[next].used != 0; next = (next + 1) & mask) {
      const std::size_t home = map_hash(entries_[next].key) & mask;
      if (((next - home) & mask) >= ((next - hole) & mask)) {
        entries_[hole] = entries_[next];
        hole = next;
      }
    }
    entries_[hole] = Entry{};
    --size_;
  }

  std::size_t size() const { return size_; }
  void clear() {
    entries_.reset();
    capacity_ = 0;
    size_ = 0;
  }

 private:
  struct Entry {
    Key key{};
    Value value{};
    uint32_t used = 0;
  };
  static_assert(std::is_trivially_copyable_v<Entry> && std::is_trivially_destructible_v<Entry>);
  struct Free {
    void operator()(Entry* entries) const { std::free(entries); }
  };
  using Entries = std::unique_ptr<Entry[], Free>;

  static Entries zeroed(std::size_t count) {
    Entries entries(static_cast<Entry*>(std::calloc(count, sizeof(Entry))));
    PERPETUA_ASSERT(entries != nullptr);
    return entries;
  }

  std::size_t locate(const Key& key) const {
    const std::size_t mask = capacity_ - 1;
    std::size_t index = map_hash(key) & mask;
    while (entries_[index].used != 0 && !(entries_[index].key == key)) index = (index + 1) & mask;
    return index;
  }

  void rehash(std::size_t capacity) {
    const Entries old = std::move(entries_);
    const std::size_t old_capacity = capacity_;
    entries_ = zeroed(capacity);
    capacity_ = capacity;
    for (std::size_t i = 0; i < old_capacity; ++i) {
      if (old[i].used != 0) entries_[locate(old[i].key)] = old[i];
    }
  }

  Entries entries_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

}  // namespace perpetua
