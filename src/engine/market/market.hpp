// Market: one asset's order book, positions with isolated margin, and prices. Knows nothing of any
// other market, so markets are the shards of the engine.
//
// In a round it executes its operations in order and leaves credits, results and events in its
// MarketRound; the ledger has reserved what orders need. Rules: docs/rules.md sections 4 to 6 and
// 8; the perpetual (mark, funding, liquidation, insurance fund, deleveraging): rules-perpetual.md.
// The insurance fund is the position of agent 0, whose margin is its cash.
//
// Files: market.cpp (operations that are no orders, state), market_entry.cpp (place, amend),
// market_matching.cpp (the loop), market_probe.cpp (the loop without effects, for fok),
// market_conclude.cpp (what becomes of the rest), market_advance.cpp (time, mark, funding),
// market_liquidation.cpp (ladder and fund), market_deleverage.cpp, market_operator.cpp (margin of a
// position, mode, settlement), market_triggers.cpp, market_timed.cpp (expiry, dead-man's switches,
// a change of the spec), market_signals.cpp (bets), market_state.cpp (save, load, describe, check),
// position.hpp (pure arithmetic). Thread-safety: one thread at a time; different markets at once.
// Invariants: sum of base = 0; a level's FIFO is the arrival order; every resting order's
// reservation is required_for() its rest.
#pragma once

#include <span>
#include <string_view>

#include "engine/ledger/order_reserve.hpp"
#include "engine/market/deleverage_ranking.hpp"
#include "engine/market/liquidation_queue.hpp"
#include "engine/market/market_account.hpp"
#include "engine/market/order_checks.hpp"
#include "engine/market/orders.hpp"
#include "engine/market/perpetual_state.hpp"
#include "engine/market/position.hpp"
#include "engine/market/signal_table.hpp"
#include "engine/market/switch_table.hpp"
#include "engine/market/taker.hpp"
#include "engine/market/trigger_table.hpp"
#include "engine/round.hpp"

namespace perpetua {

class Market {
 public:
  Market(MarketId id, const MarketSpec& spec, uint64_t seed);

  const MarketSpec& spec() const { return spec_; }
  MarketId id() const { return id_; }
  Price index() const { return index_; }
  Price mark() const { return mark_; }
  int64_t price_time_ms() const { return price_time_ms_; }
  const Book& book() const { return book_; }
  MarketView view() const { return make_market_view(spec_, mark_, book_.best(Side::buy)); }
  bool find_order(AgentId agent, OrderId id, const ClientId& client_id, OrderId& found,
                  RestingOrder& resting) const;
  bool is_netting(AgentId agent) const;
  // Entry notional of the agent's position + its open, not reduce-only orders at the mark.
  Int128 exposure(AgentId agent) const;
  const SignalTable& signals() const { return signals_; }
  // The earliest log time at which something happens by itself: expiry of an order or signal,
  // switch, change of the spec.
  int64_t next_deadline_ms() const;
  const PerpetualState& perpetual() const { return state_; }
  Position fund() const { return accounts_.empty() ? Position{} : accounts_[0].position; }
  // Its side of the money identity: W of the fund - bad debt - sum of signed E + stakes of bets.
  Int128 own_money() const {
    return -signed_entry_total_ + fund().margin.value - state_.bad_debt.value +
           signals_.escrow().value;
  }
  Lots base_total() const { return base_total_; }

  MarketRound& round() { return round_; }
  const MarketRound& round() const { return round_; }

  // Executes round().operations into round().outcomes, credits, fees and *events. In the first
  // round of a batch what time brings comes first, a change of the spec last.
  void execute(std::span<const Command> commands, std::string_view text, int64_t log_time_ms,
               bool is_first_round);
  // Hint, when an operation is queued: what it will touch is on its way when its turn comes.
  void prefetch(const MarketOperation& operation, AgentId agent) const {
    prefetch_account(agent);
    if (operation.order_id == 0) return;
    book_.prefetch(operation.order_id);
    orders_.prefetch(order_slot(operation.order_id));
  }

  void save(ByteSink& sink) const;
  [[nodiscard]] bool load(ByteSource& source);
  // position_described and open orders, in the order Engine::describe promises.
  void describe_positions(std::vector<Event>& events) const;
  void describe_orders(std::vector<Event>& events) const;
  void describe_waiting(std::vector<Event>& events) const;  // triggers and switches
  void describe_signals(std::vector<Event>& events) const;
  const PendingChange& pending_change() const { return pending_; }
  void check_invariants() const;
  // Adds what each agent has reserved and bound here: [agent], for the ledger's cross-check.
  void add_collateral_in_use(std::vector<Micro>& reserved, std::vector<Micro>& margins) const;

 private:
  // market_timed.cpp
  void expire_orders(int64_t log_time_ms);
  void cancel_all_after(const MarketOperation& operation, const Command& command,
                        int64_t log_time_ms, Outcome& outcome);
  void act_on_switches(int64_t log_time_ms);
  void emit_switch(AgentId agent, const DeadManSwitch& armed, uint32_t command);
  void schedule_change(const MarketOperation& operation, const Command& command,
                       const MarketSpec& spec, Outcome& outcome);
  void apply_change(int64_t log_time_ms);

  // market.cpp
  void run(const MarketOperation& operation, std::span<const Command> commands,
           std::string_view text, int64_t log_time_ms, Outcome& outcome);
  uint32_t cancel_scope(AgentId agent, CancelScope scope, CloseReason reason, uint32_t command);
  void cancel_order(const MarketOperation& operation, const Command& command, Outcome& outcome);
  void cancel_all(const MarketOperation& operation, const Command& command, Outcome& outcome);
  void set_netting(const MarketOperation& operation, const Command& command, Outcome& outcome);
  MarketAccount& account(AgentId agent);
  const MarketAccount* find_account(AgentId agent) const;
  uint32_t find_slot(AgentId agent, OrderId id, const ClientId& client_id) const;
  void close_resting(uint32_t slot, CloseReason reason, uint32_t command);
  void enlist(uint32_t slot);  // a resting order enters its agent's figures
  void delist(uint32_t slot);  // ... and leaves them
  Event& emit(EventType type, AgentId agent, uint32_t command) {
    return round_.events->emplace_back(type, agent, id_, command);
  }
  void credit(AgentId agent, Micro free, Micro reserved, Micro margin);

  void set_position(AgentId agent, const Position& after);

  // market_state.cpp
  void describe_bracket(uint32_t slot, std::vector<Event>& events) const;
  void check_triggers(AgentId agent) const;

  // market_advance.cpp
  void update_price(const MarketOperation& operation, const Command& command, int64_t log_time_ms,
                    Outcome& outcome);
  void tick(const MarketOperation& operation, int64_t log_time_ms);
  void refresh_status(int64_t log_time_ms, uint32_t command);
  void advance(int64_t log_time_ms, uint32_t command, bool is_index_new);
  void move_mark(int64_t log_time_ms);
  ImpactFill impact_fill(Side side) const;
  void sample_premium(int64_t log_time_ms, uint32_t command);
  void settle_funding_hours(int64_t log_time_ms, uint32_t command);
  void make_room_for_payments();
  void settle_funding(int64_t rate_ppb, uint32_t command);
  void pay_fund(Micro amount);
  void emit_status(uint32_t command);
  void emit_fund_change(const Position& before, Micro debt_before, uint32_t command);
  Event& emit_position_change(AgentId agent, PositionChange cause, Lots lots, Micro value,
                              Micro amount, uint32_t command);

  // market_liquidation.cpp
  void liquidate_due(int64_t log_time_ms, uint32_t command);
  void liquidate(AgentId agent, int64_t log_time_ms, uint32_t command);
  bool is_breaker_open(int64_t log_time_ms, uint32_t command);
  bool sell_slice(AgentId agent, Lots lots, int64_t log_time_ms, uint32_t command);
  void take_over(AgentId agent, uint32_t command);
  Lots fund_capacity(const Position& position, Micro value);
  void trade_with_fund(Lots lots, Micro value);
  void watch_fund(uint32_t command);
  void unwind_fund(int64_t log_time_ms, uint32_t command);
  Event& emit_liquidation(AgentId agent, LiquidationStep step, Lots lots, Micro traded,
                          const Position& before, uint32_t command);
  Taker forced_taker(AgentId agent, Lots lots, Price limit, TradeCause cause,
                     uint32_t command) const;

  // market_deleverage.cpp
  DeleverageRanking& rank_against(bool is_long);
  void deleverage(bool is_long, Lots lots, Micro value, AgentId bankrupt, uint32_t command);
  void close_against(const Ranked& ranked, uint32_t rank, Lots lots, Micro value,
                     const Closing& closing, AgentId bankrupt, uint32_t command);

  // market_operator.cpp
  void adjust_margin(const MarketOperation& operation, const Command& command, Outcome& outcome);
  void set_mode(const MarketOperation& operation, const Command& command, int64_t log_time_ms,
                Outcome& outcome);
  void settle_positions(uint32_t command);
  void fund_insurance(const MarketOperation& operation, const Command& command);
  Outcome closed() const;

  // market_triggers.cpp
  struct TriggerLegs {
    Trigger legs[2];
    int count = 0;
  };
  struct LegSlots {
    uint32_t first = TriggerTable::kNone;
    uint32_t second = TriggerTable::kNone;
  };
  TriggerLegs make_legs(const MarketOperation& operation, const Command& command, Side side) const;
  Outcome check_legs(const TriggerLegs& legs, bool replaces) const;
  void place_trigger(const MarketOperation& operation, const Command& command, Outcome& outcome);
  LegSlots add_legs(const TriggerLegs& legs, uint32_t command);
  void describe_trigger(uint32_t slot, Event& event) const;
  void emit_trigger(uint32_t slot, uint32_t command);
  void close_trigger(uint32_t slot, CloseReason reason, uint32_t command,
                     ResultCode code = ResultCode::ok);
  // Those of the agent that are `wanted`, by age; returns how many.
  template <class Wanted>
  uint32_t close_triggers(AgentId agent, CloseReason reason, uint32_t command, Wanted&& wanted) {
    if (account(agent).triggers == 0) return 0;
    uint32_t count = 0;
    for (const TriggerTable::Named& named : triggers_.of_agent(agent)) {
      if (!triggers_.is_same(named) || !wanted(triggers_[named.slot])) continue;
      close_trigger(named.slot, reason, command);
      ++count;
    }
    return count;
  }
  void cancel_trigger(const MarketOperation& operation, const Command& command, Outcome& outcome);
  const Trigger* sending_trigger() const {
    return sending_ == TriggerTable::kNone ? nullptr : &triggers_[sending_];
  }
  void close_protective(AgentId agent, uint32_t command);
  void close_entry_triggers(AgentId agent, CloseReason reason, uint32_t command);
  struct Bracket {  // of an order; ticks, 0 = without
    uint32_t stop_loss = 0;
    uint32_t take_profit = 0;
    bool is_set() const { return (stop_loss | take_profit) != 0; }
  };
  void arm_bracket(const Bracket& bracket, OrderId order_id, AgentId agent, Side side,
                   uint32_t command);
  void fire_triggers(bool is_mark_new, uint32_t command);
  bool may_trade(uint32_t slot) const;
  void follow(uint32_t slot, uint32_t command);
  void fire(uint32_t slot, uint32_t command);
  PlaceOrder order_of(const Trigger& trigger, MarketOperation& operation) const;
  void send_order(uint32_t slot, uint32_t command);

  // market_signals.cpp
  void credit_stake(AgentId agent, Micro free, Micro reserved);
  void create_signal(const MarketOperation& operation, const Command& command, int64_t log_time_ms,
                     Outcome& outcome);
  void fade_signal(const MarketOperation& operation, const Command& command, int64_t log_time_ms,
                   Outcome& outcome);
  void close_due_signals(int64_t log_time_ms);
  void return_stakes(const Signal& due, uint32_t command);
  void return_all_stakes(uint32_t command);
  void settle_bets(int64_t log_time_ms, uint32_t command);
  Event& emit_signal_end(const Signal& signal, uint32_t command);
  void describe_signal(const Signal& signal, Event& event) const;
  void describe_fade(const Signal& signal, Event& event) const;

  // market_entry.cpp
  void place_order(const MarketOperation& operation, const Command& command, Outcome& outcome);
  void amend_order(const MarketOperation& operation, const Command& command, Outcome& outcome);
  OrderExposure exposure_of(const Taker& taker, const MarketAccount& own, Lots replaced,
                            OrderKind kind) const;
  Outcome apply_post_only(PostOnly mode, Taker& taker) const;
  Outcome check_place(const PlaceOrder& order, const MarketAccount& own, Taker& taker) const;
  Outcome check_amend(uint32_t slot, Lots rest, Taker& taker) const;
  void shrink_in_place(uint32_t slot, Lots rest, const MarketOperation& operation);
  void requeue(Taker& taker, const MarketOperation& operation);
  // Checks, accepts and matches; a refusal gives back what is reserved.
  void enter_order(const PlaceOrder& order, Taker& taker, uint32_t text_length, Outcome& outcome);
  void accept(Taker& taker, const PlaceOrder& order, uint32_t text_length);
  Taker make_taker(const MarketOperation& operation, const PlaceOrder& order, AgentId agent) const;

  // market_matching.cpp
  void match(Taker& taker);
  bool can_fill_completely(const Taker& taker) const;  // market_probe.cpp
  void prefetch_account(AgentId agent) const {
    if (agent < accounts_.size()) __builtin_prefetch(&accounts_[agent], 1);
  }
  void prefetch_ahead(Taker& taker, uint32_t maker_slot) const;
  void prefetch_soon(const MarketOperation& operation, const Command& command) const;
  bool can_trade_at(const Taker& taker, Price price) const;
  bool exceeds_reserve(const Taker& taker, Price price) const;
  bool step(Taker& taker, uint32_t maker_slot);
  Lots fillable(const Taker& taker, Price price, Lots maker_remaining) const;
  FillTerms taker_terms(const Taker& taker, Price price, Lots lots) const;
  FillTerms maker_terms(uint32_t maker_slot, Price price, Lots lots) const;
  struct FillSide {
    AgentId agent = 0;
    OrderId order_id = 0;
    FillTerms terms;
    FillEffect effect;
  };
  void commit_fill(Taker& taker, uint32_t maker_slot, const FillSide& own, const FillSide& maker);
  void take_lots(Taker& taker, const FillTerms& terms) const;
  bool reduce_maker(uint32_t slot, const FillTerms& terms);
  void move_position(const FillSide& side);
  void emit_fill(const FillSide& side, const Taker& taker, AgentId counterparty, bool is_taker,
                 Lots remaining, bool is_done);
  void cancel_reduce_only(AgentId agent, uint32_t command);
  void arm_brackets(Taker& taker, uint32_t maker_slot, const FillSide& maker,
                    const Bracket& of_maker, bool maker_done);

  // market_conclude.cpp
  CloseReason closing_reason(const Taker& taker) const;
  Lots lots_left(const Taker& taker) const;
  void rest(Taker& taker, Lots lots);
  void close_taker(Taker& taker, CloseReason reason);
  Lots conclude(Taker& taker, Outcome& outcome);

  MarketId id_;
  MarketRules spec_;
  uint64_t seed_;
  Book book_;
  OrderTable orders_;
  std::vector<MarketAccount> accounts_;  // [agent], grown as agents appear
  Price index_;
  Price mark_;
  int64_t price_time_ms_ = 0;  // source time of the index
  uint64_t trade_count_ = 0;
  Int128 signed_entry_total_ = 0;  // sum of E of longs - sum of E of shorts
  Lots base_total_;                // sum of base: always 0 between operations
  PerpetualState state_;
  std::vector<SliceTime> slices_;
  LiquidationQueue queue_;
  DeleverageRanking rankings_[2];           // against shorts, against longs
  std::vector<LiquidationQueue::Due> due_;  // of the advance in hand
  TriggerTable triggers_;
  std::vector<TriggerTable::Named> due_triggers_;  // of the advance in hand
  uint32_t sending_ = TriggerTable::kNone;         // the trigger whose order is being matched
  SwitchTable switches_;
  SignalTable signals_;
  PendingChange pending_;
  MarketRound round_;
};

}  // namespace perpetua
