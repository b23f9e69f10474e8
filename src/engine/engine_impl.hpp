// Engine::Impl: what a batch is processed with. Private to engine.cpp (control flow of a batch) and
// engine_state.cpp (bytes, description, invariants). Thread-safety: as engine.hpp says.
#pragma once

#include <memory>
#include <vector>

#include "engine/engine.hpp"
#include "engine/ledger/ledger.hpp"
#include "engine/market/market.hpp"

namespace perpetua {

struct Engine::Impl final : MarketReader {
  Ledger ledger;
  std::vector<std::unique_ptr<Market>> markets;
  std::vector<MarketView> views;
  BatchNumber last_batch = 0;
  int64_t log_time_ms = 0;
  uint64_t next_event = 1;

  // Of the batch in hand.
  const BatchInput* batch = nullptr;
  BatchOutput* output = nullptr;
  std::vector<uint32_t> current;
  std::vector<uint32_t> deferred;
  std::vector<uint32_t> sent;  // commands that went to markets in this round
  bool is_first_round = false;
  std::size_t market_events = 0;  // where those of this round begin in the output

  bool find_order(MarketId market, AgentId agent, OrderId id, const ClientId& client_id,
                  OrderId& found, RestingOrder& resting) const override {
    return markets[market]->find_order(agent, id, client_id, found, resting);
  }

  Int128 exposure(MarketId market, AgentId agent) const override {
    return markets[market]->exposure(agent);
  }
  SignalQuestion ask_signal(MarketId market, uint64_t number) const override {
    const SignalTable& signals = markets[market]->signals();
    SignalQuestion answer;
    answer.was = signals.was(number);
    const Signal* found = signals.find(number);
    if (found == nullptr) return answer;
    answer.is_live = true;
    answer.is_matched = found->fader != 0;
    answer.creator = found->creator;
    answer.stake = found->stake;
    return answer;
  }

  void begin(const BatchInput& input, BatchOutput& result);
  void reserve();
  void reserve_one(uint32_t index, const Ledger::Context& context);
  void open_market(uint32_t index, const Decision& decision);
  void send(uint32_t index, const Decision& decision);
  void match(MatchExecutor& executor);
  void settle();
  void merge_outcomes(const MarketRound& round);
  void append_account_changes();
  void complete_settings(Event& event) const;
  void number(EventHeader& header);
  void assert_money() const;
};

}  // namespace perpetua
