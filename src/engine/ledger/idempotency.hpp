// IdempotencyTable: request key -> first outcome, part of the engine's state.
//
// Holds the newest limits::kIdempotencyEntriesMax entries, oldest out first (why a count and not a
// time: docs/decisions/0004-idempotency-window.md). An entry is pending from reserve until its
// command has settled, at most one batch. A table with kWholeFrom entries asks for the memory of a
// full one (25 and 46 MB, each page taken when it is first used), so that no command ever waits for
// it to grow.
// Thread-safety: none.
#pragma once

#include <vector>

#include "base/flat_map.hpp"
#include "base/limits.hpp"
#include "engine/schema/outcome.hpp"

namespace perpetua {

enum class KeySpace : uint64_t { idempotency_key = 1, client_id = 2 };

// The table's own key: what the client sent, whose it is, and which of the two namespaces.
inline Hash128 idempotency_key(const Hash128& sent, AgentId agent, KeySpace space, uint64_t seed) {
  const uint64_t salt = hash_mix(seed ^ agent, static_cast<uint64_t>(space));
  return Hash128{hash_mix(sent.high, salt), hash_mix(sent.low, ~salt)};
}

struct IdempotencyEntry {
  Hash128 key;
  uint64_t payload_hash = 0;
  Outcome outcome;
  uint64_t pending = 0;  // 1 until the command has settled
};
static_assert(sizeof(IdempotencyEntry) == 88 && PlainRecord<IdempotencyEntry>);

class IdempotencyTable {
 public:
  static constexpr uint32_t kNone = 0xFFFFFFFF;
  static constexpr uint32_t kWholeFrom = 256;

  explicit IdempotencyTable(uint32_t capacity = limits::kIdempotencyEntriesMax)
      : capacity_(capacity) {}

  const IdempotencyEntry* find(const Hash128& key) const;

  // Returns the entry's place, for complete(). REQUIRES: the key is absent.
  uint32_t insert_pending(const Hash128& key, uint64_t payload_hash);
  void complete(uint32_t place, const Outcome& outcome);

  uint32_t size() const { return static_cast<uint32_t>(ring_.size()); }
  void save(ByteSink& sink) const;
  [[nodiscard]] bool load(ByteSource& source);
  void check_invariants() const;

 private:
  void make_room();

  uint32_t capacity_;
  uint32_t oldest_ = 0;  // where the next entry goes once the ring is full
  std::vector<IdempotencyEntry> ring_;
  FlatMap<Hash128, uint32_t> places_;
};

}  // namespace perpetua
