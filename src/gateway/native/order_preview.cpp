#include "gateway/native/order_preview.hpp"

#include <algorithm>

#include "engine/ledger/order_reserve.hpp"
#include "engine/market/order_checks.hpp"
#include "gateway/codec/api_error.hpp"
#include "gateway/codec/render.hpp"
#include "gateway/native/handlers.hpp"
#include "gateway/native/order_limits.hpp"

namespace perpetua::gateway::native {
namespace {

constexpr std::size_t kLevelsMax = stores::hot_limits::kPageMax;

// The agent's own orders in the market, as the market counts them.
struct OwnOrders {
  std::size_t count = 0;
  Lots lots[2];  // by side, reduce-only orders apart
};

OwnOrders own_orders(const stores::HotStore& hot, AgentId agent, MarketId market) {
  OwnOrders own;
  for (const auto& order : hot.open_orders(agent, market, 0, limits::kOpenOrdersPerAgentMax)) {
    ++own.count;
    if (!order.is_reduce_only()) own.lots[static_cast<int>(order.side)] += order.remaining;
  }
  return own;
}

class Preview {
 public:
  Preview(const Command& command, const stores::HotStore& hot, uint32_t margin_use_max_ppm,
          int64_t now_ms)
      : order_(command.place),
        agent_(command.header.agent),
        rules_(*hot.market_spec(command.header.market)),
        own_(own_orders(hot, agent_, command.header.market)),
        book_(*hot.book(command.header.market, kLevelsMax)),
        limits_(hot, command.header),
        now_ms_(now_ms) {
    result_.market = *hot.market(command.header.market);
    const auto position = *hot.position(agent_, command.header.market);
    result_.after = {position.base, position.entry_notional, position.margin};
    is_netting_ = position.netting;
    setting_ = position.leverage;
    const auto account = *hot.account(agent_);
    result_.available = available_collateral(
        account.free, account.reserved + account.position_margin, margin_use_max_ppm);
  }

  OrderPreview run() {
    result_.verdict = check();
    if (!has_price_) return std::move(result_);
    const Position before = result_.after;
    fill();
    rest();
    if (result_.verdict.code == ResultCode::ok && order_.time_in_force == TimeInForce::fok &&
        !is_filled()) {
      result_.verdict = rejected(ResultCode::fok_unfillable);
      result_.after = before;
    }
    return std::move(result_);
  }

 private:
  bool is_reduce_only() const { return (order_.flags & (kReduceOnly | kClosePosition)) != 0; }
  bool has_budget() const { return order_.budget > Micro(0); }
  bool may_rest() const {
    return order_.kind == OrderKind::limit &&
           (order_.time_in_force == TimeInForce::gtc || order_.time_in_force == TimeInForce::gtd);
  }
  bool is_filled() const {
    if (!has_budget()) return remaining_ == Lots(0);
    return result_.filled > Lots(0) && last_lot_value_ > budget_left_;
  }
  const std::vector<stores::BookLevel>& facing() const {
    return order_.side == Side::buy ? book_.asks : book_.bids;
  }

  // Ledger::place, then Market::place_order.
  Outcome check() {
    Outcome limited = limits_.check_market(result_.market.id);
    if (limited.code != ResultCode::ok) return limited;
    const Price best_bid = result_.market.best_bid;
    const auto view = make_market_view(rules_, result_.market.mark, best_bid);
    const PlaceDecision decision = decide_place(order_, view, now_ms_, setting_);
    result_.leverage = decision.leverage != 0 ? decision.leverage
                       : order_.leverage != 0 ? order_.leverage
                                              : setting_;
    result_.max_leverage = rules_.tiers[0].max_leverage;
    if (decision.refusal.code != ResultCode::ok) return decision.refusal;
    has_price_ = true;
    result_.price = decision.price;
    reserve_price_ = decision.reserve_price;
    result_.needed = reserved_ = decision.need;
    remaining_ = has_budget() ? Lots(0) : order_.lots;
    budget_left_ = order_.budget;
    limited = limits_.check_order(
        key_question(order_, decision.reserve_price, decision.leverage, rules_));
    if (limited.code != ResultCode::ok) return limited;
    if (decision.need > result_.available) {
      return rejected(ResultCode::insufficient_margin, decision.need.value,
                      result_.available.value);
    }
    if (!result_.market.accepts_orders()) {
      return rejected(ResultCode::market_closed, static_cast<int64_t>(result_.market.mode),
                      result_.market.is_stale ? 1 : 0);
    }
    return check_place();
  }

  Outcome check_place() {
    const Lots held = reducible(result_.after, order_.side);
    if (is_reduce_only()) {
      if (held == Lots(0)) return rejected(ResultCode::reduce_only_would_increase);
      if (!has_budget()) remaining_ = std::min(remaining_, held);
    } else if (!is_netting_) {
      const Lots opposed = own_.lots[static_cast<int>(opposite(order_.side))];
      const Outcome conflict = check_conflict(result_.after, order_.side, opposed);
      if (conflict.code != ResultCode::ok) return conflict;
    }
    if (may_rest() && own_.count >= limits::kOpenOrdersPerAgentMax) {
      return rejected(ResultCode::too_many_open_orders, static_cast<int64_t>(own_.count),
                      limits::kOpenOrdersPerAgentMax);
    }
    if (!is_reduce_only()) {
      const OrderExposure exposure = this->exposure();
      result_.max_leverage = max_leverage_for(exposure_of(exposure, rules_), rules_);
      const Outcome refusal = check_exposure(exposure, result_.market.mark, rules_);
      if (refusal.code != ResultCode::ok) return refusal;
    }
    const Price touch = facing().empty() ? Price(0) : facing().front().price;
    return apply_post_only(order_.post_only, order_.side, touch, reserve_price_, rules_,
                           result_.price);
  }

  OrderExposure exposure() const {
    OrderExposure order;
    order.side = order_.side;
    order.kind = order_.kind;
    order.price = result_.price;
    order.leverage = result_.leverage;
    order.lots = remaining_;
    order.budget = budget_left_;
    order.held = Lots(std::max<int64_t>(0, sign(order_.side) * result_.after.base.value));
    order.open = own_.lots[static_cast<int>(order_.side)];
    limits_.bound(order);
    return order;
  }

  Lots lots_of_budget(Price price) const {
    return Lots(budget_left_.value / notional(price, Lots(1), rules_).value);
  }

  bool can_trade_at(Price price) const {
    if (order_.side == Side::buy) return price <= result_.price;
    const bool is_bounded = !is_reduce_only() && !has_budget();
    return price >= result_.price && !(is_bounded && price > reserve_price_);
  }

  // One fill of the order; false: the guard of section 5 stops it.
  bool take(Price price, Lots lots, uint32_t fee_ppm) {
    const Micro value = notional(price, lots, rules_);
    FillTerms terms{order_.side,        price, lots, Micro(0), result_.leverage, fee_ppm,
                    result_.market.mark};
    if (!is_reduce_only()) {
      const Micro kept =
          has_budget() ? required_for(budget_left_ - value, result_.leverage, rules_)
                       : required_for(reserve_price_, remaining_ - lots, result_.leverage, rules_);
      terms.share = reserved_ - kept;
    }
    const FillEffect effect = evaluate_fill(result_.after, terms, rules_);
    if (!effect.allowed) return false;
    reserved_ -= terms.share;
    if (has_budget())
      budget_left_ -= value;
    else
      remaining_ -= lots;
    last_lot_value_ = notional(price, Lots(1), rules_);
    result_.after = effect.after;
    result_.fee += effect.fee;
    result_.realised_pnl += effect.realised_pnl;
    return true;
  }

  void fill() {
    for (const stores::BookLevel& level : facing()) {
      if (!can_trade_at(level.price)) return;
      Lots lots = std::min(level.lots, has_budget() ? lots_of_budget(level.price) : remaining_);
      if (is_reduce_only()) lots = std::min(lots, reducible(result_.after, order_.side));
      if (lots == Lots(0) || !take(level.price, lots, rules_.taker_fee_ppm)) return;
      result_.filled += lots;
      result_.filled_notional += notional(level.price, lots, rules_);
    }
  }

  void rest() {
    if (!may_rest()) return;
    Lots lots = has_budget() ? lots_of_budget(result_.price) : remaining_;
    if (is_reduce_only()) lots = std::min(lots, reducible(result_.after, order_.side));
    if (lots == Lots(0)) return;
    result_.rested = lots;
    if (!is_reduce_only()) {
      // In the book an order reserves at its price, and has lots even if it came with a budget.
      reserve_price_ = result_.price;
      reserved_ = required_for(result_.price, lots, result_.leverage, rules_);
      if (has_budget()) budget_left_ = notional(result_.price, lots, rules_);
    }
    take(result_.price, lots, rules_.maker_fee_ppm);
  }

  const PlaceOrder& order_;
  const AgentId agent_;
  const MarketRules rules_;
  const OwnOrders own_;
  const stores::BookView book_;
  const OrderLimits limits_;
  const int64_t now_ms_;
  OrderPreview result_;
  bool is_netting_ = false;
  uint32_t setting_ = 1;
  bool has_price_ = false;
  Price reserve_price_;
  Micro reserved_;
  Lots remaining_;
  Micro budget_left_;
  Micro last_lot_value_;
};

void write_position_after(JsonWriter& json, const OrderPreview& preview) {
  const Position& position = preview.after;
  const MarketRules rules(preview.market.spec);
  const auto price_or_null = [&](std::string_view name, Price price) {
    json.key(name);
    if (position.base == Lots(0) || price == Price(0) || price > rules.price_max)
      json.null();
    else
      json.price(price, rules);
  };
  const bool is_flat = position.base == Lots(0);
  json.begin_object().key("side");
  if (is_flat)
    json.null();
  else
    json.text(position.is_long() ? "long" : "short");
  json.key("size").lots(position.size(), rules);
  json.key("entry_price");
  write_average_price(json, position.entry_notional, position.size(), rules);
  json.key("margin").micro(position.margin);
  const Micro value = notional_at(position, preview.market.mark, rules);
  json.key("maintenance_margin").micro(maintenance_margin(value, rules));
  price_or_null("liquidation_price", is_flat ? Price(0) : liquidation_price(position, rules));
  price_or_null("bankruptcy_price", is_flat ? Price(0) : bankruptcy_price(position, rules));
  json.end_object();
}

}  // namespace

OrderPreview preview_order(const Command& command, const stores::HotStore& hot,
                           uint32_t margin_use_max_ppm, int64_t now_ms) {
  return Preview(command, hot, margin_use_max_ppm, now_ms).run();
}

void render_preview(std::string& out, const Command& command, const OrderPreview& preview,
                    const MarketDirectory& markets) {
  const MarketSpec& spec = preview.market.spec;
  const ResultInfo& info = result_info(preview.verdict.code);
  ApiError refusal;
  if (preview.verdict.code != ResultCode::ok) {
    refusal = outcome_error(command, preview.verdict, markets);
  }
  JsonWriter json(out);
  json.begin_object().key("verdict").text(info.name);
  json.key("message").text(preview.verdict.code == ResultCode::ok ? "the order would be accepted"
                                                                  : info.message);
  json.key("hint").text(refusal.hint.empty() ? info.hint : std::string_view(refusal.hint));
  json.key("market").text(symbol_view(spec));
  json.key("price").price_or_null(preview.price, spec);
  json.key("mark_price").price_or_null(preview.market.mark, spec);
  json.key("leverage").number(preview.leverage).key("max_leverage").number(preview.max_leverage);
  json.key("margin").micro(preview.needed).key("available").micro(preview.available);
  json.key("estimated_fill").begin_object();
  json.key("size").lots(preview.filled, spec).key("notional").micro(preview.filled_notional);
  json.key("average_price");
  write_average_price(json, preview.filled_notional, preview.filled, spec);
  json.key("resting_size").lots(preview.rested, spec).key("fee").micro(preview.fee);
  json.key("realised_pnl").micro(preview.realised_pnl).end_object();
  json.key("position_after");
  write_position_after(json, preview);
  json.end_object();
}

bool prepare_preview(Call& call) {
  runtime::Submission submission;
  if (!parse_place(*call.body, parse_context(call), submission, call.error)) return false;
  Command& command = submission.command;
  command.header.key_id = call.principal.key_id;
  if (command.header.valid_until_ms != 0 && command.header.valid_until_ms < call.now_ms) {
    return call.fail(ResultCode::request_expired, "valid_until");
  }
  const OrderPreview preview =
      preview_order(command, call.hot(), call.context.options.margin_use_max_ppm, call.now_ms);
  render_preview(call.reply, command, preview, call.markets());
  return true;
}

}  // namespace perpetua::gateway::native
