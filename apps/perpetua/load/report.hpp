// LoadResult and how it is shown: a progress line each second, a table, and one line of JSON.
//
// Every order that was due is counted once: sent = ok + rejected + errors. `rejected` are the
// exchange's own coded refusals, `errors` everything else (no connection, no reply in time, a reply
// without a code). Latencies count from the intended send time, errors included at the time they
// were given up. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "load/histogram.hpp"

namespace perpetua::load {

struct LoadResult {
  uint32_t agents = 0;
  uint32_t connected = 0;  // agents that were registered, funded and connected
  uint64_t sent = 0;
  uint64_t ok = 0;
  uint64_t rejected = 0;
  uint64_t errors = 0;
  int64_t elapsed_ns = 0;
  Histogram latency;

  // Replies (ok and rejected) a second, rounded down.
  int64_t rate_per_s() const;
};

// "1.234": milliseconds with three decimals, rounded down.
std::string milliseconds_text(int64_t ns);

std::string table_text(const LoadResult& result);
std::string json_line(const LoadResult& result);

}  // namespace perpetua::load
