// HotStore: the present of the exchange, read in memory. A function of the event stream alone.
//
// Writing: one thread (egress) calls apply() for every batch, in order. A store starts either
// empty and gets all batches, or from Engine::describe (on_event for each, then finish_bootstrap)
// and gets the batches after it. On the egress thread it comes before every other listener, so
// whoever reads after a reply sees its effect.
// Reading: any thread, at any time. Locks are held only while rows are copied: agents in
// kAgentShards shards, one lock a market, one for keys and names, one for each feed of messages,
// one for signals. A book is never
// seen in the middle of a round. Reads of different domains are not one snapshot.
// Bounds: the present itself is bounded by the engine's limits; recent rows by the constants below.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/schema/batch.hpp"
#include "stores/views.hpp"

namespace perpetua::stores {

namespace hot_limits {
constexpr std::size_t kAgentShards = 64;
constexpr std::size_t kClosedOrdersPerAgentMax = 100;
constexpr std::size_t kClosedOrdersPerShardMax = 2'048;
constexpr std::size_t kFillsPerAgentMax = 100;
constexpr std::size_t kFillsPerShardMax = 2'048;
constexpr std::size_t kClosedTriggersPerAgentMax = 100;
constexpr std::size_t kClosedTriggersPerShardMax = 1'024;
constexpr std::size_t kTradesPerMarketMax = 1'000;
constexpr std::size_t kFundingsPerMarketMax = 720;  // thirty days
constexpr std::size_t kLiquidationsPerMarketMax = 1'000;
constexpr std::size_t kFundChangesPerMarketMax = 1'000;
constexpr std::size_t kAlertsPerAgentMax = 100;
constexpr std::size_t kAlertsPerShardMax = 2'048;
constexpr std::size_t kCandlesPerSeriesMax = 1'500;  // a market and interval; 24 h of minutes fit
constexpr std::size_t kThoughtsMax = 10'000;
constexpr std::size_t kMessagesMax = 4'000;         // of other kinds, to everybody
constexpr std::size_t kPrivateMessagesMax = 4'000;  // each counts twice: for both its ends
constexpr std::size_t kClosedSignalsMax = 10'000;
constexpr std::size_t kViolationsMax = 4'096;
constexpr std::size_t kPageMax = 1'000;  // rows any one read returns
}  // namespace hot_limits

// The last batches that changed what the history shows of an agent: anything of it, its ledger, its
// fills. Of what was before the store began: the batch it began with.
struct AgentChanges {
  BatchNumber any = 0;
  BatchNumber ledger = 0;
  BatchNumber fills = 0;
};

// Whole-store figures for metrics; each is exact, together they are not one snapshot.
struct HotTotals {
  BatchNumber applied_batch = 0;
  int64_t log_time_ms = 0;
  uint64_t agents = 0;
  uint64_t keys = 0;
  uint64_t markets = 0;
  uint64_t open_orders = 0;
  uint64_t open_positions = 0;
  uint64_t orders_accepted = 0;  // since the process started, as the two below
  uint64_t trades = 0;
  uint64_t thoughts = 0;
};

struct HotDomains;
class Activity;
struct OpenPnl;

class HotStore {
 public:
  HotStore();
  ~HotStore();
  HotStore(const HotStore&) = delete;
  HotStore& operator=(const HotStore&) = delete;

  // REQUIRES: batch.number above every number before.
  void apply(const AppliedBatch& batch);

  // The body of a DescribeSink. `text` is the text area of this one event.
  void on_event(const Event& event, std::string_view text);
  void finish_bootstrap(BatchNumber last_batch, int64_t log_time_ms);

  // What a describe cannot tell, taken from history between finish_bootstrap and the first apply:
  // rows oldest first. Open orders get sequence, filled notional, fee, times and reason.
  void warm_trades(MarketId market, const std::vector<TradeView>& trades);
  void warm_candles(MarketId market, CandleInterval interval,
                    const std::vector<CandleView>& candles);
  void warm_thoughts(const std::vector<ThoughtView>& thoughts);
  void warm_order(const OrderView& order);
  void warm_trigger(const TriggerView& trigger);  // closed ones, too
  void warm_fundings(const std::vector<FundingView>& fundings);
  void warm_liquidations(const std::vector<LiquidationView>& liquidations);
  void warm_fund_changes(const std::vector<FundChangeView>& changes);
  void warm_alerts(const std::vector<AlertView>& alerts);
  void warm_messages(const std::vector<MessageView>& messages);  // not thoughts; private ones, too
  void warm_signals(const std::vector<SignalView>& closed);

  BatchNumber applied_batch() const;
  int64_t log_time_ms() const;  // of the last batch
  HotTotals totals() const;
  BatchNumber first_batch() const;  // that of finish_bootstrap(); 0: the store began empty
  AgentChanges changes(AgentId agent) const;

  // Agents and keys. Revoked keys are gone; expired ones are not (the reader knows the time).
  std::optional<KeyView> find_key(const Sha256& sha256) const;
  std::optional<AgentView> agent(AgentId id) const;
  std::optional<AgentView> agent_by_wallet(std::string_view wallet) const;
  std::vector<AgentView> agents(AgentId after_id, std::size_t limit) const;  // ids rising
  std::vector<KeyView> keys(AgentId agent) const;                            // key ids rising
  std::optional<AccountView> account(AgentId agent) const;

  // Markets. An unknown id gives nullopt, or an empty list.
  std::vector<MarketView> markets() const;
  std::optional<MarketView> market(MarketId id) const;
  std::optional<MarketView> market_by_symbol(std::string_view symbol) const;
  std::optional<MarketId> market_id(std::string_view symbol) const;  // exact symbol, no lock
  // Null if unknown. Of the moment; it stays readable for an hour after it was replaced.
  const MarketSpec* market_spec(MarketId id) const;
  Price mark(MarketId id) const;  // 0: none yet, or unknown market; no lock
  std::optional<BookView> book(MarketId market, std::size_t depth) const;
  // The change the last batch made to this book; nullopt if it made none. For the egress thread,
  // after apply(): elsewhere the next batch may have come.
  std::optional<BookDelta> last_book_delta(MarketId market) const;
  std::vector<TradeView> trades(MarketId market, std::size_t limit) const;  // newest first
  // Open times in [from_ms, to_ms), rising; the newest `limit` of them.
  std::vector<CandleView> candles(MarketId market, CandleInterval interval, int64_t from_ms,
                                  int64_t to_ms, std::size_t limit) const;
  std::optional<CandleView> last_candle(MarketId market, CandleInterval interval) const;

  // Newest first.
  std::vector<FundingView> fundings(MarketId market, std::size_t limit) const;
  std::vector<LiquidationView> liquidations(MarketId market, std::size_t limit) const;
  std::vector<FundChangeView> fund_changes(MarketId market, std::size_t limit) const;

  // The money of the whole exchange at the end of one batch, the last that was applied.
  SolvencyView solvency() const;

  // What the last batch gave rise to. For the egress thread, after apply().
  const std::vector<AlertView>& last_alerts() const;
  // Of one agent, below `before` (0 = newest), newest first. Warnings from before a restart are
  // gone; what was done to positions was warmed from history.
  std::vector<AlertView> alerts(AgentId agent, uint64_t before, std::size_t limit) const;

  // Orders of one agent: open ones, and the recently closed.
  std::optional<OrderView> order(AgentId agent, OrderId id) const;
  std::optional<OrderView> order_by_client_id(AgentId agent, std::string_view client_id) const;
  // Order ids falling, below `before` (0 = from the top); `market` may be kNoMarket for all.
  std::vector<OrderView> open_orders(AgentId agent, MarketId market, OrderId before,
                                     std::size_t limit) const;
  std::size_t open_order_count(AgentId agent) const;
  std::vector<OrderView> closed_orders(AgentId agent, MarketId market,
                                       std::size_t limit) const;  // last closed first
  std::vector<FillView> fills(AgentId agent, MarketId market,
                              std::size_t limit) const;  // newest first

  // Triggers of one agent: one, live or recently closed; live ones, ids falling, below `before`
  // (0 = from the top); the recently closed, last closed first. kNoMarket: of all markets.
  std::optional<TriggerView> trigger(AgentId agent, OrderId id) const;
  std::vector<TriggerView> triggers(AgentId agent, MarketId market, OrderId before,
                                    std::size_t limit) const;
  std::vector<TriggerView> closed_triggers(AgentId agent, MarketId market, std::size_t limit) const;

  // Positions that are not zero, by market id; one of them, zero or not (nullopt: unknown market
  // or agent).
  std::vector<PositionView> positions(AgentId agent) const;
  std::optional<PositionView> position(AgentId agent, MarketId market) const;
  // Every market the agent has a position or settings in, not valued: what follows from the mark is
  // 0, leverage 0 is the market's default. valued() fills that in as of now, with the same result
  // as position(). nullopt: unknown market.
  std::vector<PositionView> holdings(AgentId agent) const;
  std::optional<PositionView> valued(const PositionView& holding) const;
  std::vector<SwitchView> switches(AgentId agent) const;  // armed ones, by market id
  std::optional<SettingsView> settings(AgentId agent, MarketId market) const;

  // Thoughts below `before_id` (0 = newest), newest first.
  std::vector<ThoughtView> thoughts(uint64_t before_id, std::size_t limit) const;
  std::vector<ThoughtView> thoughts_of(AgentId agent, uint64_t before_id, std::size_t limit) const;
  // Messages to everybody of these kinds, as the thoughts; and what one agent has sent to or got
  // from another one alone: for nobody else's eyes.
  std::vector<MessageView> messages(MessageKinds kinds, uint64_t before_id,
                                    std::size_t limit) const;
  std::vector<MessageView> private_messages(AgentId agent, uint64_t before_id,
                                            std::size_t limit) const;

  // Signals: one, live or recently closed; live ones, and the recently closed, newest first, of one
  // market or (kNoMarket) of all.
  std::optional<SignalView> signal(SignalId id) const;
  std::vector<SignalView> live_signals(MarketId market, std::size_t limit) const;
  std::vector<SignalView> closed_signals(MarketId market, std::size_t limit) const;
  std::optional<BettingView> betting(AgentId agent) const;
  BettingTotalsView betting_totals() const;

  // What bounds one agent; nullopt: unknown.
  std::optional<RiskView> risk(AgentId agent) const;
  // What the engine would hold against the daily_loss_max of this key of the agent's: lost since
  // the key's first order of the day. 0 if it has no such limit; below 0 after a gain.
  Micro key_loss(AgentId agent, uint32_t key_id) const;
  std::optional<MoneyStateView> money_state(AgentId agent) const;
  // Orders that its risk limits refused since the process started, newest first.
  std::vector<ViolationView> violations(AgentId agent, std::size_t limit) const;

  // What agents did: activity.hpp.
  const Activity& activity() const { return *activity_; }
  Activity& activity() { return *activity_; }  // for warm start
  // Every open position of an agent at the mark, market by market, each under its lock.
  void visit_open_pnl(const std::function<void(AgentId, const OpenPnl&)>& visit) const;

 private:
  void publish_solvency(const AppliedBatch& batch);

  std::unique_ptr<HotDomains> domains_;
  std::unique_ptr<Activity> activity_;
};

}  // namespace perpetua::stores
