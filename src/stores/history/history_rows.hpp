// HistoryRows: the rows of one transaction. It folds any number of batches: an order that was
// placed, filled and closed within one transaction costs one insert, a candle one update.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "stores/history/history_batch.hpp"
#include "stores/views.hpp"

namespace perpetua::stores {

using MarketSpecs = std::array<std::optional<MarketSpec>, limits::kMarketsMax>;

class HistoryRows {
 public:
  using OrderLoader = std::function<std::optional<OrderView>(OrderId)>;
  using CandleKey = std::tuple<MarketId, CandleInterval, int64_t>;

  using TriggerLoader = std::function<std::optional<TriggerView>(OrderId)>;
  using SignalLoader = std::function<std::optional<SignalView>(SignalId)>;

  struct OrderRow {
    OrderView order;
    bool is_new = false;
  };
  struct TriggerRow {
    TriggerView trigger;
    bool is_new = false;
  };
  struct SignalRow {
    SignalView signal;
    bool is_new = false;
  };

  // `specs` gains the markets that the batches create. The loaders find an order, trigger or
  // signal of earlier transactions.
  HistoryRows(MarketSpecs& specs, OrderLoader load, TriggerLoader load_trigger,
              SignalLoader load_signal)
      : specs_(specs),
        load_(std::move(load)),
        load_trigger_(std::move(load_trigger)),
        load_signal_(std::move(load_signal)) {}

  // Events that leave no rows are passed over. False: the events do not fit the rows there are
  // (an order or market is missing).
  [[nodiscard]] bool add(const HistoryBatch& batch);

  BatchNumber last_batch = 0;
  std::vector<std::pair<MarketId, MarketSpec>> markets;
  std::vector<AgentView> agents;
  std::vector<ThoughtView> thoughts;
  std::vector<MessageView> messages;  // that are no thoughts; private ones once
  std::vector<SignalRow> signals;
  std::vector<ViolationView> violations;
  std::vector<LedgerEntryView> ledger;
  std::vector<FillView> fills;
  std::vector<OrderRow> orders;
  std::map<CandleKey, CandleView> candles;
  std::vector<FundingView> fundings;
  std::vector<FundingPaymentView> funding_payments;
  std::vector<LiquidationView> liquidations;
  std::vector<FundChangeView> fund_changes;
  std::vector<PositionChangeView> position_changes;
  std::vector<TriggerRow> triggers;
  std::vector<PositionEndView> position_ends;
  std::vector<MarketChangeView> market_changes;
  // Changes of earlier transactions that were applied in this one.
  std::vector<std::pair<MarketId, int64_t>> applied_changes;

 private:
  bool add_event(const HistoryEvent& item, const HistoryBatch& batch);
  bool add_perpetual_event(const Event& event, int64_t time_ms);
  bool add_trigger_event(const Event& event, int64_t time_ms);
  bool add_message(const Event& event, const HistoryBatch& batch);
  bool add_signal_event(const Event& event, int64_t time_ms);
  void add_position_end(const Event& event, int64_t time_ms);
  bool add_market_change(const HistoryEvent& item, const HistoryBatch& batch);
  bool add_market(const Event& event, std::string_view bytes);
  bool add_fill(const Event& event, int64_t time_ms);
  void add_order(const Event& event, int64_t time_ms, std::string_view reason);
  OrderView* find_order(OrderId id);
  TriggerView* find_trigger(OrderId id);
  SignalView* find_signal(SignalId id);

  MarketSpecs& specs_;
  OrderLoader load_;
  TriggerLoader load_trigger_;
  SignalLoader load_signal_;
  std::unordered_map<OrderId, std::size_t> order_index_;       // into orders
  std::unordered_map<OrderId, std::size_t> trigger_index_;     // into triggers
  std::unordered_map<SignalId, std::size_t> signal_index_;     // into signals
  std::array<FundingSettled, limits::kMarketsMax> settled_{};  // the last one of each market
};

}  // namespace perpetua::stores
