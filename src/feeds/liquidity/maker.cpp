#include "feeds/liquidity/maker.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace perpetua::feeds {

namespace {

constexpr int64_t kMilli = 1'000;
constexpr int64_t kFlattenParts = 20;  // one clip is this part of the position

}  // namespace

Maker::Maker(AgentProfile profile, uint32_t index, const MarketSpec& spec,
             const MakerOptions& options)
    : session_(std::move(profile), index), spec_(spec), options_(options) {
  PERPETUA_ASSERT(options_.commands_per_second > 0);
  budget_milli_ = 2 * options_.commands_per_second * kMilli;
  fit_shape();
}

void Maker::fit_shape() {
  shape_ = options_.shape;
  const int64_t market_max = mul_div_floor(spec_.position_notional_max.value, 7, 10);
  shape_.position_max = std::min(shape_.position_max, Micro(market_max));
}

void Maker::on_tick(int64_t now_ms, const MarketNow& market, CommandSink& sink) {
  refill_budget(now_ms);
  if (!session_.advance(now_ms, sink)) return;
  if (!in_flight_.empty() || now_ms < paused_until_ms_) return;
  const bool is_tradable = market.is_tradable(now_ms, options_.price_stale_after_ms);
  if (must_cancel_ || (!is_tradable && !session_.view().orders().empty())) {
    cancel_everything(sink);
    return;
  }
  if (!is_tradable) return;
  flatten(now_ms, market.index, sink);
  quote(now_ms, market.index, sink);
}

void Maker::on_outcome(uint64_t token, const Outcome& outcome, int64_t now_ms) {
  if (session_.on_outcome(token, outcome, now_ms)) return;
  const auto found = std::find_if(in_flight_.begin(), in_flight_.end(),
                                  [token](const InFlight& sent) { return sent.token == token; });
  if (found == in_flight_.end()) return;
  const InFlight sent = *found;
  in_flight_.erase(found);
  if (outcome.code == ResultCode::ok) {
    if (sent.type == CommandType::cancel_all) {
      session_.view().forget_orders();
      must_cancel_ = false;
    }
    if (sent.price.value != 0 && outcome.values[3] != sent.price.value) {
      session_.view().hold_order(outcome.id, now_ms + kHoldSlidMs);
    }
  } else if (outcome.code == ResultCode::order_not_found) {
    session_.view().forget_order(sent.order_id);
  } else {
    const bool is_closed = outcome.code == ResultCode::market_closed;
    const int64_t until_ms = now_ms + (is_closed ? kClosedPauseMs : kRejectionPauseMs);
    paused_until_ms_ = std::max(paused_until_ms_, until_ms);
  }
}

void Maker::on_gap() {
  session_.view().forget_orders();
  must_cancel_ = true;
}

void Maker::on_market_changed(const MarketSpec& spec, uint16_t leverage) {
  spec_ = spec;
  fit_shape();
  session_.set_leverage(leverage);
  must_cancel_ = true;
}

void Maker::refill_budget(int64_t now_ms) {
  const int64_t elapsed_ms = std::clamp<int64_t>(now_ms - budget_at_ms_, 0, 2 * kMilli);
  budget_at_ms_ = now_ms;
  budget_milli_ = std::min(budget_milli_ + elapsed_ms * options_.commands_per_second,
                           2 * options_.commands_per_second * kMilli);
}

bool Maker::send(const Command& command, CommandSink& sink, Price asked, OrderId order_id) {
  if (budget_milli_ < kMilli) return false;
  const uint64_t token = session_.send(command, sink);
  if (token == 0) return false;
  budget_milli_ -= kMilli;
  in_flight_.push_back({token, command.header.type, order_id, asked});
  return true;
}

void Maker::cancel_everything(CommandSink& sink) {
  const Command command(CommandType::cancel_all, session_.view().agent(), session_.view().market());
  send(command, sink, Price(0), 0);
}

void Maker::flatten(int64_t now_ms, Price index, CommandSink& sink) {
  const Lots base = session_.view().base();
  const int64_t inventory = inventory_ppm(shape_, spec_, index, base);
  if (std::abs(inventory) < options_.flatten_at_ppm) return;
  if (now_ms - flattened_at_ms_ < options_.flatten_every_ms) return;
  Command command(CommandType::place_order, session_.view().agent(), session_.view().market());
  command.header.valid_until_ms = now_ms + kQuoteValidMs;
  command.place = PlaceOrder{};
  command.place.side = base.value > 0 ? Side::sell : Side::buy;
  command.place.kind = OrderKind::market;
  command.place.time_in_force = TimeInForce::ioc;
  command.place.flags = kReduceOnly;
  command.place.lots = Lots(div_ceil(std::abs(base.value), kFlattenParts));
  // Its own quotes give way, or the clip would stop at them.
  command.place.stp = SelfTradePrevention::cancel_oldest;
  if (send(command, sink, Price(0), 0)) flattened_at_ms_ = now_ms;
}

void Maker::quote(int64_t now_ms, Price index, CommandSink& sink) {
  const AgentView& view = session_.view();
  const std::vector<Quote> wanted = wanted_ladder(shape_, spec_, index, view.base());
  for (const LadderStep& step : plan_ladder(view.orders(), wanted, now_ms)) {
    if (!send(step_command(step, now_ms), sink, step.quote.price, step.order_id)) return;
  }
}

Command Maker::step_command(const LadderStep& step, int64_t now_ms) {
  const AgentId agent = session_.view().agent();
  if (step.kind == LadderStep::Kind::cancel) {
    Command command(CommandType::cancel_order, agent, session_.view().market());
    command.cancel = CancelOrder{};
    command.cancel.order_id = step.order_id;
    return command;
  }
  if (step.kind == LadderStep::Kind::amend) {
    Command command(CommandType::amend_order, agent, session_.view().market());
    command.header.valid_until_ms = now_ms + kQuoteValidMs;
    command.amend = AmendOrder{};
    command.amend.order_id = step.order_id;
    command.amend.price = step.quote.price;
    command.amend.lots = step.total;
    return command;
  }
  Command command(CommandType::place_order, agent, session_.view().market());
  command.header.valid_until_ms = now_ms + kQuoteValidMs;
  command.place = PlaceOrder{};
  command.place.price = step.quote.price;
  command.place.lots = step.quote.lots;
  command.place.side = step.quote.side;
  command.place.post_only = PostOnly::slide;
  command.place.client_id = make_client_id("house-" + std::to_string(now_ms) + "-" +
                                           std::to_string(++client_counter_ % 1'000'000));
  return command;
}

}  // namespace perpetua::feeds
