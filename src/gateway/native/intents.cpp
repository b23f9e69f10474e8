#include "gateway/codec/fields.hpp"
#include "gateway/codec/render.hpp"
#include "gateway/native/handlers.hpp"
#include "gateway/native/pages.hpp"

namespace perpetua::gateway::native {
namespace {

auto intent_renderer(const Call& call) {
  return [&call](std::string& out, const stores::OrderView& view) {
    render_intent(out, view, *call.markets().spec(view.market));
  };
}

// Open ones come from the hot store alone: all there are, so no cursor is needed.
void list_open(Call& call, MarketId market) {
  auto rows = call.hot().open_orders(call.principal.agent, market, 0, stores::hot_limits::kPageMax);
  std::erase_if(rows, [](const stores::OrderView& row) { return !row.is_intent(); });
  write_page(call.reply, rows, {}, intent_renderer(call));
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
  if (order && !order->is_intent()) return call.fail(ResultCode::order_not_found, "intent_id");
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
  if (!list_orders(call, market, true, page)) return;
  write_page(call.reply, page.rows, page.next_cursor, intent_renderer(call));
}

void get_intent(Call& call) {
  OrderName name;
  std::optional<stores::OrderView> order;
  if (!path_order(call, name) || !find_order(call, name, order)) return;
  if (!order || !order->is_intent()) {
    call.fail(ResultCode::order_not_found, "intent_id", "no intent of this agent has that id");
    return;
  }
  render_intent(call.reply, *order, *call.markets().spec(order->market));
}

}  // namespace perpetua::gateway::native
