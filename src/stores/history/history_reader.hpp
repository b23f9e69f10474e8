// HistoryReader: pages of the history file that a HistoryWriter writes, newest first.
//
// Thread-safety: any thread. A read borrows one of a fixed number of read-only connections and
// waits for one while all are lent; WAL readers never wait for the writer nor it for them. A read
// may touch the disk: call it from a thread that may block, not from an I/O loop.
// Cursors are opaque: they hold the sort key of the last row looked at, so pages stay complete and
// stable while new rows arrive. A page looks at a bounded number of rows: with a filter it can be
// short, even empty, and still have a next cursor. The end is an empty next cursor.
// Errors: a cursor of another list gives invalid_cursor; a database error gives unavailable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stores/activity/activity_views.hpp"
#include "stores/activity/settlement_log.hpp"
#include "stores/history/history_source.hpp"
#include "stores/views.hpp"

namespace perpetua::stores {

namespace history_limits {
constexpr std::size_t kReaderConnections = 4;
constexpr std::size_t kHistoryPageMax = 1'000;     // rows of one page
constexpr std::size_t kRowsScannedMax = 10'000;    // rows one page looks at
constexpr std::size_t kHistoryCandlesMax = 5'000;  // candles of one read
constexpr std::size_t kIntentFillsMax = 100;       // fills shown of one intent
}  // namespace history_limits

enum class PageStatus { ok, invalid_cursor, unavailable };

template <class Row>
struct Page {
  PageStatus status = PageStatus::ok;
  std::vector<Row> rows;
  std::string next_cursor;  // empty: nothing older
  char list = 0;            // of its cursors (page_cursor.hpp)
  bool has_witness = true;  // the source has what OrderFilter::closed asks for
};

struct PageRequest {
  std::string_view cursor;  // empty: from the newest
  std::size_t limit = 100;  // cut to kHistoryPageMax
};

struct OrderFilter {
  MarketId market = kNoMarket;             // kNoMarket: all
  OrderStatus status = OrderStatus::none;  // none: all
  bool intents_only = false;
  OrderId closed = 0;  // 0: none; else whether the source shows this order as closed
};

// What replay_activity() reads, each kind oldest first. A settled funding is a change.
struct ActivityReplay {
  std::function<void(const FillView&)> fill;
  std::function<void(const PositionChangeView&)> change;
  std::function<void(const LiquidationView&)> liquidation;
  std::function<void(const FundingView&)> funding;
  std::function<void(const OrderView&)> intent;
  std::function<void(const LedgerEntryView&)> ledger;
};

class HistoryReader {
 public:
  // REQUIRES: a HistoryWriter has opened the file. Throws std::runtime_error if it cannot be read.
  explicit HistoryReader(const std::string& path,
                         std::size_t connections = history_limits::kReaderConnections);
  // Any database; a read that no source answers throws HistoryUnavailable.
  explicit HistoryReader(std::unique_ptr<HistorySource> source);
  ~HistoryReader();
  HistoryReader(const HistoryReader&) = delete;
  HistoryReader& operator=(const HistoryReader&) = delete;

  // By acceptance. One order: of this agent, else nullopt.
  Page<OrderView> orders(AgentId agent, const OrderFilter& filter, const PageRequest& page);
  std::optional<OrderView> order(AgentId agent, OrderId id);
  std::optional<OrderView> order_by_client_id(AgentId agent, std::string_view client_id);

  // Every order that is open in the history, of all agents, one call each: a scan of the orders,
  // for start-up. False: a database error cut it short.
  bool open_orders(const std::function<void(const OrderView&)>& visit);

  // market kNoMarket: all.
  Page<FillView> fills(AgentId agent, MarketId market, const PageRequest& page);
  Page<LedgerEntryView> ledger(AgentId agent, const PageRequest& page);
  Page<ThoughtView> thoughts(std::optional<AgentId> agent, const PageRequest& page);
  Page<TradeView> trades(MarketId market, const PageRequest& page);
  Page<AgentView> agents(const PageRequest& page);  // by registration, newest first

  Page<FundingView> fundings(MarketId market, const PageRequest& page);
  Page<FundingPaymentView> funding_payments(AgentId agent, MarketId market,
                                            const PageRequest& page);
  Page<LiquidationView> liquidations(MarketId market, const PageRequest& page);
  Page<LiquidationView> liquidations_of(AgentId agent, MarketId market, const PageRequest& page);
  Page<FundChangeView> fund_changes(MarketId market, const PageRequest& page);
  Page<PositionChangeView> position_changes(AgentId agent, MarketId market,
                                            const PageRequest& page);

  // Closed triggers by their closing, of one agent or (0) of all; one by id, live or closed, of
  // this agent.
  Page<TriggerView> closed_triggers(AgentId agent, MarketId market, const PageRequest& page);
  std::optional<TriggerView> trigger(AgentId agent, OrderId id);
  // The legs of an order's bracket; the trigger that sent an order.
  std::vector<TriggerView> triggers_of_order(AgentId agent, OrderId parent);
  std::optional<TriggerView> trigger_that_sent(AgentId agent, OrderId order);
  // Every live trigger of all agents, as open_orders().
  bool live_triggers(const std::function<void(const TriggerView&)>& visit);

  // Fills of an intent's order, oldest first, at most kIntentFillsMax of them; the last one.
  std::vector<FillView> intent_fills(AgentId agent, OrderId order);
  std::optional<FillView> last_intent_fill(AgentId agent, OrderId order);
  // The first end of a position of this agent and market after `sequence`.
  std::optional<PositionEndView> position_end(AgentId agent, MarketId market, uint64_t sequence);
  // PnL that fills and forced changes realised from `first` to `last`, both included, fees and
  // funding apart; nullopt: more than kRowsScannedMax rows lie between.
  std::optional<Micro> realised_pnl(AgentId agent, MarketId market, uint64_t first, uint64_t last);

  // Everything that statistics are made of, of all agents: fills and changes in the order in which
  // they happened, then the others. A scan, about a microsecond a row; for start-up. False: a
  // database error cut it short.
  bool replay_activity(const ActivityReplay& replay);

  // Signals by their closing; one by id, live or closed.
  Page<SignalView> closed_signals(MarketId market, const PageRequest& page);
  std::optional<SignalView> signal(SignalId id);

  // Of all agents. An intent or trade by id; intents for which keep(row) holds, by acceptance;
  // liquidations of agents, funds left out: up to the sequence `newest`, without a cursor. Money
  // that moved, a transfer told by its sender's entry, of one agent on either side or (0) of all.
  std::optional<OrderView> intent(OrderId id);
  Page<OrderView> intents(const std::function<bool(const OrderView&)>& keep, uint64_t newest,
                          std::size_t limit);
  std::optional<MatchView> match(MarketId market, uint64_t trade_id);
  Page<MatchView> matches(uint64_t newest, std::size_t limit);
  Page<SettlementView> settlements(AgentId agent, const PageRequest& page);
  Page<LiquidationView> agents_liquidations(uint64_t newest, std::size_t limit);

  // Who opened the position whose id is the sequence of its first fill; 0: there is none.
  AgentId owner_of_position(uint64_t id);
  // Positions of an agent that ended before the event `before`, last closed first, as far as
  // kRowsScannedMax fills tell them; their margin is not known. No cursor.
  Page<PositionRecord> closed_positions(AgentId agent, uint64_t before, std::size_t limit);

  // Orders that risk limits refused: of one agent, or (0) of all.
  Page<ViolationView> violations(AgentId agent, const PageRequest& page);
  // Notes of all agents, oldest first, one call each: as open_orders().
  bool notes(const std::function<void(const MessageView&)>& visit);

  // Of all agents: for start-up. Messages: those that are no thoughts, private ones among them.
  Page<MessageView> messages(const PageRequest& page);
  Page<PositionChangeView> deleveragings(const PageRequest& page);
  Page<MarketChangeView> market_changes(MarketId market, const PageRequest& page);

  // Open times in [from_ms, to_ms), rising; the newest `limit` of them.
  std::vector<CandleView> candles(MarketId market, CandleInterval interval, int64_t from_ms,
                                  int64_t to_ms, std::size_t limit);

  // Last batch the rows cover.
  BatchNumber applied_batch();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace perpetua::stores
