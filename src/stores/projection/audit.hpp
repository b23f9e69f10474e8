// audit(): compares what Redis holds with a hot store, key by key and field by field.
//
// For an exchange that stands still: what changes meanwhile shows as a difference. Reads only. What
// it cannot know is not compared: `batch` of an agent, closed intents that memory has forgotten.
// One thread; blocks.
#pragma once

#include <functional>
#include <string>

#include "stores/memory/hot_store.hpp"
#include "stores/redis/client.hpp"

namespace perpetua::projection {

inline constexpr std::size_t kAuditLinesMax = 100;  // differences that are printed

struct AuditResult {
  uint64_t keys = 0;         // that were compared
  uint64_t differences = 0;  // also those that were not printed
  std::string error;         // Redis could not be read; empty: it could
};

AuditResult audit(redis::Client& client, const stores::HotStore& hot, unsigned groups,
                  const std::function<void(const std::string&)>& print);

}  // namespace perpetua::projection
