// What PostgreSQL keeps beyond the embedded history: trades, positions from first lot to last, the
// double-entry ledger with its balances, prices, and the equity of agents.
//
// Accounting is a fold over events with the state it needs: balances, open positions, marks. The
// state is what the tables hold at `applied_batch`; rows of a group are taken with take_rows().
// Money moves between accounts in lines of one debit and one credit, so all balances always sum to
// zero. The balance of an agent is its free, reserved and position margin; of an insurance fund its
// cash less its bad debt; clearing carries what open positions owe each other. What the exchange
// says about an agent or a fund and the lines do not explain becomes a line of its own kind.
// Pure; not thread-safe.
#pragma once

#include <array>
#include <map>
#include <vector>

#include "engine/schema/position.hpp"
#include "stores/history/history_rows.hpp"
#include "stores/views.hpp"

namespace perpetua::stores {

enum class LedgerAccount : uint8_t {
  external = 0,   // beyond the exchange
  agent = 1,      // id: the agent
  fees = 2,       // what makers and takers paid
  insurance = 3,  // id: the market
  clearing = 4,   // id: the market
  escrow = 5,     // stakes of signals; id: the market
};

enum class EntryKind : uint8_t {
  deposit = 0,
  withdrawal = 1,
  transfer = 2,
  faucet = 3,
  fee = 4,
  realised_pnl = 5,
  funding = 6,
  liquidation_fee = 7,
  liquidation = 8,   // what a position lost to its take-over
  deleveraging = 9,  // realised by a close against a bankrupt position
  settlement = 10,   // realised when the market was delisted
  insurance_deposit = 11,
  insurance = 12,  // what the fund won or paid
  shortfall = 13,  // what an agent lacked and the fund paid
  stake = 14,      // of a signal or a bet
  stake_back = 15,
  payout = 16,
  bet_fee = 17,
};

struct AccountKey {
  LedgerAccount account = LedgerAccount::external;
  uint32_t id = 0;
  auto operator<=>(const AccountKey&) const = default;
};

struct EntryRow {
  uint64_t sequence = 0;
  uint32_t line = 0;
  EntryKind kind = EntryKind::deposit;
  MarketId market = kNoMarket;
  AccountKey debit;   // where the money left
  AccountKey credit;  // where it came to
  Micro amount;       // > 0
  int64_t time_ms = 0;
};

struct PositionRow {
  uint64_t sequence = 0;  // of the fill that opened it
  AgentId agent = 0;
  MarketId market = kNoMarket;
  Side side = Side::buy;
  Lots base;  // signed
  Micro entry_notional;
  Micro margin;
  Micro realised_pnl;
  Micro fees;
  Micro funding;
  int64_t fills = 0;
  int64_t opened_at_ms = 0;
  int64_t updated_at_ms = 0;
  int64_t closed_at_ms = 0;
  uint64_t closed_sequence = 0;  // 0: open
  PositionEndCause cause = PositionEndCause::order;
};

struct MarketTradeRow {
  TradeView trade;
  uint64_t sequence = 0;
  Micro notional;
  AgentId taker = 0;
  AgentId maker = 0;
};

struct PriceRow {
  MarketId market = kNoMarket;
  uint64_t sequence = 0;
  Price index;
  Price mark;
  int64_t time_ms = 0;
};

struct EquityRow {
  AgentId agent = 0;
  Micro collateral;
  Micro unrealised_pnl;
  int64_t time_ms = 0;  // the hour it is of
};

struct AccountingState {
  std::map<AccountKey, Micro> balances;
  std::map<std::pair<AgentId, MarketId>, PositionRow> positions;  // open
  std::array<Price, limits::kMarketsMax> marks{};
  int64_t equity_hour = 0;  // the last one with rows; 0: none yet
};

struct AccountingRows {
  std::vector<MarketTradeRow> trades;
  std::vector<EntryRow> entries;
  std::map<uint64_t, PositionRow> positions;  // by sequence, as they are afterwards
  std::map<AccountKey, Micro> balances;       // that changed
  std::vector<PriceRow> prices;
  std::vector<EquityRow> equity;
};

class Accounting {
 public:
  // `specs` is shared with HistoryRows, which adds the markets of a batch first.
  explicit Accounting(const MarketSpecs& specs) : specs_(specs) {}

  AccountingState state;

  // REQUIRES: HistoryRows::add() has taken the batch.
  void add(const HistoryBatch& batch);
  AccountingRows take_rows() { return std::move(rows_); }

 private:
  void add_event(const Event& event, int64_t time_ms);
  void add_fill(const Event& event, int64_t time_ms);
  void add_ledger_entry(const Event& event, int64_t time_ms);
  void add_signal_event(const Event& event, int64_t time_ms);
  void add_position_change(const Event& event, int64_t time_ms);
  void add_fund_change(const Event& event, int64_t time_ms);
  void add_equity(int64_t time_ms);
  void change_position(const Event& event, const Position& after, int64_t time_ms);
  PositionRow& open_position(const Event& event, Lots base, int64_t time_ms);
  void close_position(PositionRow& position, const Event& event, PositionEndCause cause,
                      int64_t time_ms);
  void keep(const PositionRow& position) { rows_.positions[position.sequence] = position; }
  // From one account to another; a negative amount the other way, zero nothing.
  void move(const Event& event, EntryKind kind, AccountKey from, AccountKey to, Micro amount,
            int64_t time_ms);
  Micro balance(AccountKey key) const;

  const MarketSpecs& specs_;
  AccountingRows rows_;
  std::array<Micro, limits::kMarketsMax> fund_deposits_{};  // of the batch, not yet posted
  // Where forced changes of the batch happened: an agent's total does not tell the market.
  std::map<AgentId, MarketId> changed_in_;
  uint64_t line_sequence_ = 0;
  uint32_t line_ = 0;
};

}  // namespace perpetua::stores
