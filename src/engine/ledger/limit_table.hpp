// LimitTable: what single agents, or single API keys, may do, and where each stood when its day
// began. Only who has limits has a row.
//
// Amounts in micro-USDC; a day is one of log time (UTC). Rules: docs/rules-agents.md section 26,
// docs/rules-perpetual.md section 22. Thread-safety: none (sequencer thread).
#pragma once

#include <map>
#include <vector>

#include "base/byte_io.hpp"
#include "base/limits.hpp"
#include "engine/schema/command.hpp"
#include "engine/schema/risk_limits.hpp"

namespace perpetua {

inline constexpr int64_t kDayMs = 86'400'000;

template <class Limits>
struct Limited {
  Limits limits;
  int64_t day = -1;  // log time / kDayMs of `start`; -1: none yet
  Micro start;       // the agent's trading result then
  uint32_t id = 0;   // of the agent, or the key
  uint32_t zero = 0;

  // The first question of a day starts it with `result`; true then.
  bool start_day(int64_t log_time_ms, Micro result) {
    const int64_t today = log_time_ms / kDayMs;
    if (day == today) return false;
    day = today;
    start = result;
    return true;
  }
};

// kRowsMax bounds what load() takes.
template <class Limits, std::size_t kRowsMax>
class LimitTable {
 public:
  using Row = Limited<Limits>;
  static_assert(PlainRecord<Row>);

  // nullptr if it has no limits.
  const Row* find(uint32_t id) const {
    const auto found = rows_.find(id);
    return found == rows_.end() ? nullptr : &found->second;
  }
  Row* find(uint32_t id) {
    const auto found = rows_.find(id);
    return found == rows_.end() ? nullptr : &found->second;
  }
  Limits limits_of(uint32_t id) const {
    const Row* row = find(id);
    return row == nullptr ? Limits{} : row->limits;
  }

  // Limits that are all 0 leave it without any. Other ones leave its day as it is.
  void set(uint32_t id, const Limits& limits) {
    if (limits == Limits{}) return forget(id);
    Row& row = rows_[id];
    row.limits = limits;
    row.id = id;
  }
  void forget(uint32_t id) { rows_.erase(id); }

  void save(ByteSink& sink) const {
    std::vector<Row> rows;
    for (const auto& [id, row] : rows_) rows.push_back(row);
    write_vector(sink, rows);
  }
  [[nodiscard]] bool load(ByteSource& source) {
    std::vector<Row> rows;
    if (!read_vector(source, rows, kRowsMax)) return false;
    for (const Row& row : rows) rows_[row.id] = row;
    return true;
  }

 private:
  std::map<uint32_t, Row> rows_;
};

using KeyLimitTable = LimitTable<KeyLimits, limits::kKeysTotalMax>;
using LimitedKey = KeyLimitTable::Row;
using RiskTable = LimitTable<RiskLimits, limits::kAgentsMax>;
using AgentRisk = RiskTable::Row;

}  // namespace perpetua
