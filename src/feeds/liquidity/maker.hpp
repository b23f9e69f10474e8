// Maker: a house agent that quotes a ladder around the index through the public order path.
//
// One burst of commands at a time: it plans, sends what its command budget allows, and plans again
// when every outcome is there, so it never acts on a book it does not know. Quotes are post-only
// (slide); they are pulled when the price is stale or the market takes no orders (cancels work in
// every mode; what rested there could not follow the price), refilled after fills, shifted and
// thinned with inventory, and inventory beyond flatten_at_ppm is reduced with small reduce-only
// market orders. Pure; one thread.
#pragma once

#include <vector>

#include "feeds/liquidity/ladder.hpp"
#include "feeds/liquidity/participant.hpp"

namespace perpetua::feeds {

struct MakerOptions {
  LadderShape shape;
  int64_t commands_per_second = 10;  // budget; a burst may use two seconds of it
  int64_t price_stale_after_ms = 60'000;
  int64_t flatten_at_ppm = 800'000;  // of position_max
  int64_t flatten_every_ms = 2'000;
};

inline constexpr int64_t kHoldSlidMs = 2'000;
inline constexpr int64_t kRejectionPauseMs = 1'000;
inline constexpr int64_t kQuoteValidMs = 5'000;  // a quote that took longer is refused

class Maker final : public Participant {
 public:
  // The inventory of `options` is cut to what the market allows.
  Maker(AgentProfile profile, uint32_t index, const MarketSpec& spec, const MakerOptions& options);

  void on_tick(int64_t now_ms, const MarketNow& market, CommandSink& sink) override;
  void on_outcome(uint64_t token, const Outcome& outcome, int64_t now_ms) override;
  void on_gap() override;
  // Cancels what it has: an amend would keep the old leverage.
  void on_market_changed(const MarketSpec& spec, uint16_t leverage) override;
  AgentSession& session() override { return session_; }

 private:
  struct InFlight {
    uint64_t token = 0;
    CommandType type = CommandType::none;
    OrderId order_id = 0;
    Price price;  // asked for; the outcome tells what it became
  };

  void fit_shape();
  void refill_budget(int64_t now_ms);
  bool send(const Command& command, CommandSink& sink, Price asked, OrderId order_id);
  void cancel_everything(CommandSink& sink);
  void flatten(int64_t now_ms, Price index, CommandSink& sink);
  void quote(int64_t now_ms, Price index, CommandSink& sink);
  Command step_command(const LadderStep& step, int64_t now_ms);

  AgentSession session_;
  MarketSpec spec_;
  const MakerOptions options_;
  LadderShape shape_;  // of the options, cut to the market
  std::vector<InFlight> in_flight_;
  int64_t budget_milli_ = 0;  // thousandths of a command
  int64_t budget_at_ms_ = 0;
  int64_t paused_until_ms_ = 0;
  int64_t flattened_at_ms_ = 0;
  uint64_t client_counter_ = 0;
  bool must_cancel_ = false;  // before it quotes again
};

}  // namespace perpetua::feeds
