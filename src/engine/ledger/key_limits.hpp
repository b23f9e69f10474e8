// KeyLimitTable: what single API keys may do, and where each stood when its day began.
//
// Only keys with limits are here. Amounts in micro-USDC; a day is one of log time (UTC). Rules:
// docs/rules-perpetual.md section 22. Thread-safety: none (sequencer thread).
#pragma once

#include <map>
#include <vector>

#include "base/byte_io.hpp"
#include "engine/schema/command.hpp"

namespace perpetua {

struct LimitedKey {
  KeyLimits limits;
  int64_t day = -1;      // log time / 86,400,000 of `start`; -1: none yet
  Micro start;           // the agent's trading result then
  uint32_t key_id = 0;
  uint32_t zero = 0;
};
static_assert(PlainRecord<LimitedKey>);

class KeyLimitTable {
 public:
  // nullptr if the key has no limits.
  const LimitedKey* find(uint32_t key_id) const {
    const auto found = keys_.find(key_id);
    return found == keys_.end() ? nullptr : &found->second;
  }
  LimitedKey* find(uint32_t key_id) {
    const auto found = keys_.find(key_id);
    return found == keys_.end() ? nullptr : &found->second;
  }
  // Limits that are all 0 leave the key without any.
  void set(uint32_t key_id, const KeyLimits& limits) {
    keys_.erase(key_id);
    if (limits == KeyLimits{}) return;
    LimitedKey& key = keys_[key_id];
    key.limits = limits;
    key.key_id = key_id;
  }
  const std::map<uint32_t, LimitedKey>& all() const { return keys_; }

  void save(ByteSink& sink) const {
    std::vector<LimitedKey> keys;
    for (const auto& [key_id, key] : keys_) keys.push_back(key);
    write_vector(sink, keys);
  }
  [[nodiscard]] bool load(ByteSource& source) {
    std::vector<LimitedKey> keys;
    if (!read_vector(source, keys, limits::kKeysTotalMax)) return false;
    for (const LimitedKey& key : keys) keys_[key.key_id] = key;
    return true;
  }

 private:
  std::map<uint32_t, LimitedKey> keys_;
};

}  // namespace perpetua
