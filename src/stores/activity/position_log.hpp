// PositionLog: positions from their opening to their end, each with an id of its own.
//
// Open ones all, closed ones the newest kClosedPositionsMax; older ends are in the history. One
// writer; any thread reads: one lock, held for one event or while rows are copied.
// What a fill left of a position comes with its event. A fill from the history does not say it:
// then entry is reckoned in proportion and the margin is 0 until adopt() tells both.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/schema/position.hpp"
#include "stores/activity/activity_views.hpp"
#include "stores/memory/recent_log.hpp"

namespace perpetua::stores {

namespace activity_limits {
constexpr std::size_t kClosedPositionsMax = 32'768;
constexpr std::size_t kClosedPositionsPerAgentMax = 500;  // rows any one read returns
}  // namespace activity_limits

struct DescribedPosition {
  AgentId agent = 0;
  MarketId market = kNoMarket;
  Position position;
};

class PositionLog {
 public:
  // What an event did. Valid until the next call of the writer.
  struct Step {
    const PositionRecord* ended = nullptr;    // null: none ended
    const PositionRecord* current = nullptr;  // null: there is none any more
  };

  PositionLog();

  // Writer. `after`: the two legs and the margin after the fill; null: not known.
  Step fill(const FillView& fill, const Position* after);
  Step change(const PositionChangeView& view);
  // The positions that there are by a description: each keeps the record of its opening, or gets
  // a new one where that is not known; no other stays open.
  void adopt(const std::vector<DescribedPosition>& positions);
  // A trigger that ended with a position: what guarded it, and why it was closed.
  void guard(const TriggerView& trigger);
  void start_batch();  // guard() looks at positions that ended since
  void clear();

  // Readers.
  std::optional<PositionRecord> find(uint64_t id) const;
  std::optional<PositionRecord> open(AgentId agent, MarketId market) const;
  std::vector<PositionRecord> closed(AgentId agent, std::size_t limit) const;  // last closed first
  bool has_forgotten() const;  // closed ones are kept no longer

 private:
  static uint64_t key_of(AgentId agent, MarketId market) {
    return static_cast<uint64_t>(agent) << 8 | market;
  }
  PositionRecord& begin(AgentId agent, MarketId market, uint64_t id, int64_t time_ms);
  PositionRecord& current(AgentId agent, MarketId market);
  const PositionRecord* end(PositionRecord& record, PositionCloseReason reason, OrderId order,
                            int64_t time_ms);

  mutable std::mutex mutex_;
  boost::unordered_flat_map<uint64_t, PositionRecord> open_;  // by agent and market
  boost::unordered_flat_map<uint64_t, uint64_t> open_ids_;    // id -> key of open_
  RecentLog<PositionRecord> closed_;
  boost::unordered_flat_map<uint64_t, uint64_t> closed_ids_;  // id -> number in closed_
  boost::unordered_flat_map<AgentId, RecentLog<PositionRecord>::Head> closed_heads_;
  std::vector<uint64_t> ended_now_;  // numbers in closed_, of this batch
};

}  // namespace perpetua::stores
