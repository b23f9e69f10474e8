// AgentShard: the private state of every agent whose id falls into this shard.
//
// Holds account, settings, positions, open orders, recent closed orders and fills. One lock a
// shard: the writer takes it for one event, a reader while it copies rows. Every public function
// locks; none is called with another shard's lock held, but the writer may hold a market's lock.
// Unknown agents read as nullopt or empty. Positions are raw here: valuing them needs the market.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "stores/memory/agent_bounds.hpp"
#include "stores/memory/hot_store.hpp"
#include "stores/memory/recent_log.hpp"

namespace perpetua::stores {

// One agent in one market. leverage 0: the market's default.
struct HoldingRow {
  MarketId market = kNoMarket;
  bool is_touched = false;  // by a setting or a position; a row may be here for its orders alone
  bool netting = false;
  uint16_t leverage = 0;
  Lots base;
  Micro entry_notional;
  Micro margin;
  Micro realised_pnl;
  Lots open_lots;                  // of both sides, reduce-only orders apart
  int64_t switch_deadline_ms = 0;  // dead-man's switch; 0: not armed
  CancelScope switch_scope = CancelScope::orders;
};

// What a change of a position does to market-wide figures.
struct HoldingChange {
  Lots long_lots;           // added to the sum of long positions
  Lots short_lots;          // of short ones
  Int128 signed_entry = 0;  // to the entry notional of longs less that of shorts
  int open_positions = 0;   // -1, 0, +1
};

class AgentShard {
 public:
  AgentShard();

  // Writer.
  void add_agent(AgentId agent);
  void note_change(const Event& event, BatchNumber batch);
  // Returns the change of its collateral.
  Micro set_account(AgentId agent, const AccountChanged& account, int64_t time_ms);
  void set_sequence(AgentId agent, uint64_t agent_sequence);
  void set_settings(AgentId agent, MarketId market, const SettingsChanged& settings);
  void set_switch(AgentId agent, MarketId market, const SwitchChanged& changed);
  HoldingChange set_position(AgentId agent, MarketId market, const PositionDescribed& position);
  HoldingChange change_position(AgentId agent, MarketId market, const PositionChanged& position);
  HoldingChange add_fill(const Event& event, const FillView& fill);
  void add_order(const OrderView& order);
  void amend_order(const Event& event, int64_t time_ms);
  void close_order(const Event& event, int64_t time_ms);
  void set_bracket(const Event& event);
  void add_alert(const AlertView& alert);
  void add_entry(const Event& event, int64_t time_ms);
  void move_stake(AgentId agent, Micro amount);  // between the account and the escrow of bets
  void describe_account(const Event& event);
  void set_risk_limits(const Event& event);
  void start_day(const Event& event);
  // Completes an open order from history; false if it is not open here.
  bool warm_order(const OrderView& order);

  // Readers.
  std::optional<AccountView> account(AgentId agent) const;
  std::optional<AgentBounds> bounds(AgentId agent) const;
  AgentChanges changes(AgentId agent) const;
  std::optional<std::vector<HoldingRow>> holdings(AgentId agent) const;
  std::optional<HoldingRow> holding(AgentId agent, MarketId market) const;
  std::optional<OrderView> order(AgentId agent, OrderId id) const;
  std::optional<OrderView> order_by_client_id(AgentId agent, const ClientId& client_id) const;
  std::vector<OrderView> open_orders(AgentId agent, MarketId market, OrderId before,
                                     std::size_t limit) const;
  std::size_t open_order_count(AgentId agent) const;
  std::vector<OrderView> closed_orders(AgentId agent, MarketId market, std::size_t limit) const;
  std::vector<FillView> fills(AgentId agent, MarketId market, std::size_t limit) const;
  std::vector<AlertView> alerts(AgentId agent, uint64_t before, std::size_t limit) const;

 private:
  using OpenOrders = std::map<OrderId, OrderView>;

  struct AgentState {
    AgentId agent = 0;
    AccountView account;
    AgentBounds bounds;
    AgentChanges changes;
    std::vector<HoldingRow> holdings;  // by market id
    OpenOrders open_orders;
    RecentLog<OrderView>::Head closed = 0;
    RecentLog<FillView>::Head fills = 0;
    RecentLog<AlertView>::Head alerts = 0;
  };
  struct ClientKey {
    AgentId agent = 0;
    ClientId client_id{};
    bool operator==(const ClientKey&) const = default;
  };
  struct ClientKeyHash {
    std::size_t operator()(const ClientKey& key) const {
      return hash_bytes(key.client_id.data(), key.client_id.size(), key.agent);
    }
  };

  AgentState& state(AgentId agent);
  const AgentState* find(AgentId agent) const;
  static HoldingRow& holding_of(AgentState& state, MarketId market);
  static OpenOrders::iterator open_order(AgentState& state, OrderId id);
  void retire(AgentState& state, OpenOrders::iterator order);
  // After a change of its remaining lots.
  static void count_open(AgentState& owner, const OrderView& order, Lots before);

  mutable std::mutex mutex_;
  std::vector<AgentState> agents_;  // index: agent id / kAgentShards
  boost::unordered_flat_map<ClientKey, OrderId, ClientKeyHash> client_ids_;  // of open orders
  RecentLog<OrderView> closed_;
  RecentLog<FillView> fills_;
  RecentLog<AlertView> alerts_;
};

}  // namespace perpetua::stores
