// Intents: an order with a reason and a bracket, told as one object through its whole life. The
// order's life comes from the order; what its position came to from the history, which outlives
// restarts.
#include "gateway/codec/fields.hpp"
#include "gateway/codec/render_triggers.hpp"
#include "gateway/native/handlers.hpp"
#include "gateway/native/pages.hpp"

namespace perpetua::gateway::native {
namespace {

using stores::FillView;
using stores::OrderView;
using stores::PositionEndCause;
using stores::PositionEndView;
using stores::TriggerView;

bool holds_position(Lots base, Side side) { return sign(side) * base.value > 0; }

std::string_view held_status(const std::vector<TriggerView>& triggers) {
  const bool is_protected = std::any_of(triggers.begin(), triggers.end(),
                                        [](const TriggerView& row) { return row.is_live(); });
  return is_protected ? "protected" : "active";
}

void tell_end(Call& call, const PositionEndView& end, IntentLife& life) {
  life.status = "closed";
  life.closed_by = wire_name(end.cause);
  life.closing_order = end.order_id;
  life.closed_at_ms = end.time_ms;
  if (end.cause == PositionEndCause::liquidation) life.status = "liquidated";
  if (end.cause != PositionEndCause::order) return;
  const auto sender = call.history()->trigger_that_sent(end.agent, end.order_id);
  if (!sender) return;
  const bool is_stop = sender->trigger.kind == TriggerKind::stop;
  life.status = is_stop ? "closed_by_stop_loss" : "closed_by_take_profit";
  life.closed_by = is_stop ? "stop_loss" : "take_profit";
}

// Without history: what memory still has; how a position ended is not known.
void tell_recent_life(Call& call, const OrderView& order, IntentLife& life) {
  const stores::HotStore& hot = call.hot();
  constexpr std::size_t kMost = stores::hot_limits::kPageMax;
  life.fills = hot.fills(order.agent, order.market, kMost);
  std::erase_if(life.fills, [&](const FillView& row) { return row.order_id != order.order_id; });
  std::reverse(life.fills.begin(), life.fills.end());
  life.triggers = hot.triggers(order.agent, order.market, 0, kMost);
  const auto closed = hot.closed_triggers(order.agent, order.market, kMost);
  life.triggers.insert(life.triggers.end(), closed.begin(), closed.end());
  std::erase_if(life.triggers, [&](const TriggerView& row) {
    return row.trigger.parent_id != order.order_id;
  });
  if (order.is_open() || life.fills.empty()) return;
  if (!holds_position(life.fills.back().position_base, order.side)) return;
  const auto position = hot.position(order.agent, order.market);
  const bool is_held = position && holds_position(position->base, order.side);
  life.status = is_held ? held_status(life.triggers) : "closed";
}

// The position an intent came to is the one it held after its last fill, until its next end.
void tell_kept_life(Call& call, const OrderView& order, bool is_detail, IntentLife& life) {
  stores::HistoryReader& history = *call.history();
  life.triggers = history.triggers_of_order(order.agent, order.order_id);
  const auto last = history.last_intent_fill(order.agent, order.order_id);
  if (!last) return;
  const bool was_held = holds_position(last->position_base, order.side);
  std::optional<PositionEndView> end;
  if (was_held) end = history.position_end(order.agent, order.market, last->sequence);
  if (is_detail) life.fills = history.intent_fills(order.agent, order.order_id);
  if (!life.fills.empty()) {
    const uint64_t first = life.fills.front().sequence;
    const uint64_t until = end ? end->sequence : was_held ? INT64_MAX : last->sequence;
    life.realised_pnl = history.realised_pnl(order.agent, order.market, first, until);
  }
  if (order.is_open() || !was_held) return;
  if (end) {
    tell_end(call, *end, life);
  } else {
    life.status = held_status(life.triggers);
  }
}

// False: the call will be made again where it may block, or when history has caught up.
bool tell_life(Call& call, const OrderView& order, bool is_detail, IntentLife& life) {
  life.status = wire_name(order.status);
  if (order.filled == Lots(0)) {
    life.realised_pnl = Micro(0);
    return true;
  }
  if (order.is_open() && !is_detail) return true;
  if (call.history() == nullptr) {
    tell_recent_life(call, order, life);
    return true;
  }
  if (!call.may_use_disk()) return false;
  call.needs_history(call.hot().changes(order.agent).any);
  if (!call.history_is_current()) return call.await_history();
  tell_kept_life(call, order, is_detail, life);
  return true;
}

void write_intents(Call& call, const std::vector<OrderView>& rows, std::string_view next_cursor) {
  std::vector<std::pair<const OrderView*, IntentLife>> lives;
  for (const OrderView& row : rows) {
    lives.emplace_back(&row, IntentLife());
    if (!tell_life(call, row, false, lives.back().second)) return;
  }
  write_page(call.reply, lives, next_cursor, [&](std::string& out, const auto& row) {
    render_intent(out, *row.first, row.second, *call.markets().spec(row.first->market));
  });
}

// Open ones come from the account's state alone, the newest kPageMax, without a cursor.
void list_open(Call& call, MarketId market) {
  const AccountState* state = call.account_state({.with_open_intents = true});
  if (state == nullptr) return;
  auto rows = state->intents;
  std::erase_if(rows, [&](const OrderView& row) {
    return market != kNoMarket && row.market != market;
  });
  if (rows.size() > stores::hot_limits::kPageMax) rows.resize(stores::hot_limits::kPageMax);
  write_intents(call, rows, {});
}

}  // namespace

bool prepare_place_intent(Call& call) {
  return parse_intent(*call.body, parse_context(call), add_submission(call), call.error);
}

// The id of an intent is that of its order, but an order that is no intent is not cancelled here.
bool prepare_cancel_intent(Call& call) {
  OrderName name;
  if (!path_order(call, name)) return false;
  const auto order = call.hot().order(call.principal.agent, name.order_id);
  const bool is_other = is_trigger(name.order_id) || (order && !order->is_intent());
  if (is_other) return call.fail(ResultCode::order_not_found, "intent_id");
  return parse_cancel(*call.body, parse_context(call), name, add_submission(call), call.error);
}

bool complete_cancel_intent(Call& call) {
  complete_one(call);
  if (call.error.field == "order_id") call.error.field = "intent_id";
  return false;
}

void list_intents(Call& call) {
  MarketId market = kNoMarket;
  if (!query_market(call, market)) return;
  if (call.query_value("status").value_or("all") == "open") return list_open(call, market);
  OrderPage page;
  if (list_orders(call, market, true, page)) write_intents(call, page.rows, page.next_cursor);
}

void get_intent(Call& call) {
  OrderName name;
  std::optional<OrderView> order;
  if (!path_order(call, name)) return;
  const AccountState* state = call.account_state({.intent = name.order_id});
  if (state == nullptr) return;
  if (!state->intents.empty()) {
    order = state->intents.front();
  } else if (!find_order(call, name, order)) {
    return;
  }
  if (!order || !order->is_intent()) {
    call.fail(ResultCode::order_not_found, "intent_id", "no intent of this agent has that id");
    return;
  }
  IntentLife life;
  if (!tell_life(call, *order, true, life)) return;
  render_intent_detail(call.reply, *order, life, *call.markets().spec(order->market));
}

}  // namespace perpetua::gateway::native
