// Generator: the random commands of one session of the differential test.
//
// It looks at the model to aim well (live orders, touching prices, position sizes) and at nothing
// of the engine. One seed, one stream. Not thread-safe.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "mix.hpp"
#include "model.hpp"

namespace perpetua::model {

class Generator {
 public:
  explicit Generator(uint64_t seed);

  // The next batch; its views live until the next call. The first ones set the exchange up.
  // REQUIRES: `model` has applied every batch so far.
  const BatchInput& next(const Model& model);

  const Mix& mix() const { return mix_; }

 private:
  struct Sent {
    Command command;
    std::string text;
  };
  struct Run {  // of prices in one direction
    uint32_t left = 0;
    int64_t step_ppm = 0;
  };

  void start_batch();
  const BatchInput& finish_batch();
  void set_up();
  void advance_clock();
  void add(Command command, const std::string& text = {});
  void add_random(const Model& model);
  bool repeat_earlier();
  bool add_to_hoard(const Model& model);
  void spoil(Command& command);

  Command place(const Model& model, AgentId agent);
  void size_order(const Market& market, const Position& position, PlaceOrder& order);
  int64_t limit_price(const Market& market, Side side);
  int64_t wild_price(const Market& market, Side side);
  Command amend(const Model& model, AgentId agent);
  Command cancel(const Model& model, AgentId agent);
  void keep_alive(const Model& model);
  Run draw_run();
  bool is_quiet();
  void halt(MarketId market);
  bool play_crisis(const Model& model);
  void pair(const Perpetual& market, AgentId first, AgentId second, Side of_first);
  void set_mode_of(MarketId market, MarketMode mode);
  void run_prices(const Perpetual& market, int64_t step_ppm, int64_t updates);
  void slide(const Perpetual& market);
  void lean(const Market& market, PlaceOrder& order);
  bool add_to_run(const Model& model);
  Command price_of(const Perpetual& market);
  Command update_price(const Model& model);
  Command adjust_margin(const Model& model, AgentId agent);
  Command set_mode(const Model& model);
  Command insure(const Model& model);
  Command place_trigger(const Model& model, AgentId agent);
  void draw_leg(const Perpetual& market, Side side, TriggerKind kind, PlaceTrigger& wanted);
  void add_bracket(const Market& market, PlaceOrder& order);
  Command cancel_trigger(const Model& model, AgentId agent);
  Command arm_switch(const Model& model, AgentId agent);
  Command limit_key(AgentId agent);
  KeyLimits draw_limits();
  void add_change_market(const Model& model);
  uint32_t key_of(AgentId agent);
  Command money(CommandType type, const Model& model, AgentId agent);
  Command settings(CommandType type, const Model& model, AgentId agent);
  Command keys(CommandType type, AgentId agent);
  void add_register();
  void add_create_market();
  void add_thought(const Model& model, AgentId agent);
  Command bet(const Model& model, AgentId agent);
  Command fade(const Model& model, AgentId agent);
  bool add_many_bets(const Model& model);
  Command limit_risk(AgentId agent);
  Command consume(const Model& model);
  void add_markers(const Model& model);
  RiskLimits draw_risk();
  void add_flags(MoveMoney& wanted);
  std::string draw_wallet(uint64_t name);

  const Order* live_order(const Model& model, AgentId agent);
  MarketId any_market(const Model& model);
  int64_t typical_lots(const Market& market);
  AgentId any_agent(const Model& model);
  Sha256 fresh_sha();

  Random random_;
  Random stream_random_;  // of its own: what the other draws reach stays as it is
  Mix mix_;
  BatchInput batch_;
  std::vector<Command> commands_;
  std::string text_;
  uint32_t set_up_step_ = 0;
  AgentId last_agent_ = 1;
  std::vector<MarketSpec> specs_;
  std::map<MarketId, Run> runs_;
  std::map<MarketId, uint32_t> quiet_;  // commands to come before its next price
  int crisis_step_ = 0;                 // 0: none is played
  std::size_t crisis_market_ = 0;
  Side crisis_side_ = Side::buy;
  uint32_t idle_batches_ = 0;           // to come, in which hardly anything but time passes
  Command last_marker_;
  std::deque<Sent> sent_;            // of late, with a key or a client id
  std::deque<OrderId> seen_orders_;  // of late, live or not, anybody's
  uint64_t next_name_ = 1;           // wallets, keys, client ids
};

}  // namespace perpetua::model
