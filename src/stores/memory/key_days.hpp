// KeyDays: since when the losses of a day count for single API keys.
//
// The engine starts the day of a key with its first order that may open a position, and says so in
// descriptions alone; here the commands of a batch tell. As the ledger sees it: with the agent's
// trading result before the batch. Only keys with a limit on daily losses are here. Not the same:
// a first order that was refused for its price or leverage, which two stages refuse, one before and
// one behind this question, starts no day here. It matters only if the agent's result changes
// before the key's next order.
// Thread-safe: one lock; start_days(), limit() and forget() are the writer's.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <mutex>

#include "engine/schema/batch.hpp"

namespace perpetua::stores {

struct HotDomains;

class KeyDays {
 public:
  // Before the batch's events are folded.
  void start_days(const AppliedBatch& batch, const HotDomains& before);
  void limit(const KeyLimitsChanged& changed);
  void forget(uint32_t key_id);

  // `result`: the trading result of the key's agent now.
  Micro loss(uint32_t key_id, int64_t now_ms, Micro result) const;

 private:
  struct Day {
    int64_t day = 0;  // time / kDayMs; 0: none yet
    Micro start;
  };

  mutable std::mutex mutex_;
  boost::unordered_flat_map<uint32_t, Day> days_;  // by key id
};

}  // namespace perpetua::stores
