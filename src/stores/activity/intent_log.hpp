// IntentLog: the intents of all agents, and what they said about them.
//
// Open ones all, closed ones the newest kClosedIntentsMax, thoughts the newest kTradeThoughtsMax;
// older ones are in the history. One writer; any thread reads: one lock, held for one event or
// while rows are copied.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "stores/activity/activity_views.hpp"
#include "stores/memory/recent_log.hpp"

namespace perpetua::stores {

namespace activity_limits {
constexpr std::size_t kClosedIntentsMax = 16'384;
constexpr std::size_t kTradeThoughtsMax = 10'000;
}  // namespace activity_limits

struct IntentQuery {
  MarketId market = kNoMarket;       // kNoMarket: all
  std::optional<IntentState> state;  // absent: all
  std::size_t limit = 100;
};

class IntentLog {
 public:
  IntentLog();

  // Writer.
  void add(const OrderView& order, uint32_t slippage_ppm);
  void warm_closed(const OrderView& order);  // from the history, oldest first
  void warm_open(const OrderView& order);    // times and reason of one that add() told of
  void warm_match(const MatchView& match);   // after the intents, oldest first
  bool fill(const Event& event, const FillView& fill);  // false: of no intent
  // What its fill did: the other order, and the position after it.
  void tell(OrderId id, OrderId matched_with, const PositionRecord& position);
  void amend(const Event& event, int64_t time_ms);
  void bracket(const Event& event);
  bool close(const Event& event, int64_t time_ms);
  void clear();

  // Readers.
  std::optional<IntentView> find(OrderId id) const;
  // The newest of this agent with this client id: looks through all that are kept.
  std::optional<IntentView> find_named(AgentId agent, const ClientId& client_id) const;
  std::vector<IntentView> newest(const IntentQuery& query) const;  // by acceptance
  // Sequence of the newest one, by acceptance, that is kept no longer; 0: all are.
  uint64_t forgotten() const;
  std::vector<TradeThought> thoughts(std::size_t limit) const;  // newest first
  std::vector<TradeThought> thoughts_of(AgentId agent, std::size_t limit) const;
  IntentTotals totals() const;
  std::vector<IntentTotals> totals_by_market() const;  // by market id, as far as there are any

 private:
  using Open = std::map<OrderId, IntentView>;

  IntentView* find_open(OrderId id);
  IntentView* find_kept(OrderId id);
  void retire(Open::iterator intent);
  void keep_closed(IntentView&& intent);
  std::vector<const IntentView*> newest_closed(const IntentQuery& query) const;
  void count(const OrderView& order, IntentState state, int direction);
  void think(const OrderView& order);

  mutable std::mutex mutex_;
  std::vector<Open> open_;  // by market
  RecentLog<IntentView> closed_;
  RecentLog<IntentView>::Head newest_closed_ = 0;
  boost::unordered_flat_map<OrderId, uint64_t> closed_ids_;  // -> number in closed_
  uint64_t forgotten_ = 0;
  RecentLog<TradeThought> thoughts_;
  boost::unordered_flat_map<AgentId, RecentLog<TradeThought>::Head> thought_heads_;
  std::vector<IntentTotals> totals_;  // by market
};

}  // namespace perpetua::stores
