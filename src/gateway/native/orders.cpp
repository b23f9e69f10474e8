#include "gateway/codec/fields.hpp"
#include "gateway/codec/render.hpp"
#include "gateway/native/handlers.hpp"
#include "gateway/native/pages.hpp"

namespace perpetua::gateway::native {
namespace {

auto order_renderer(const Call& call) {
  return [&call](std::string& out, const stores::OrderView& view) {
    render_order(out, view, *call.markets().spec(view.market));
  };
}

// Hot store first, so who reads after a reply sees its effect; closed orders may be only in
// history.
std::optional<stores::OrderView> find_order(Call& call, const OrderName& name) {
  const AgentId agent = call.principal.agent;
  auto order = name.order_id != 0 ? call.hot().order(agent, name.order_id)
                                  : call.hot().order_by_client_id(agent, name.client_id);
  if (order || call.history() == nullptr || !call.may_use_disk()) return order;
  return name.order_id != 0 ? call.history()->order(agent, name.order_id)
                            : call.history()->order_by_client_id(agent, name.client_id);
}

}  // namespace

bool prepare_place_order(Call& call) {
  return parse_place(*call.body, parse_context(call), add_submission(call), call.error);
}

bool prepare_place_batch(Call& call) {
  return parse_batch_place(*call.body, parse_context(call), call.submissions, call.error);
}

bool prepare_amend_order(Call& call) {
  OrderName name;
  return path_order(call, name) &&
         parse_amend(*call.body, parse_context(call), name, add_submission(call), call.error);
}

bool prepare_cancel_order(Call& call) {
  OrderName name;
  return path_order(call, name) &&
         parse_cancel(*call.body, parse_context(call), name, add_submission(call), call.error);
}

bool prepare_cancel_batch(Call& call) {
  return parse_batch_cancel(*call.body, parse_context(call), call.submissions, call.error);
}

bool prepare_cancel_all(Call& call) {
  return parse_cancel_all(*call.body, parse_context(call), add_submission(call), call.error);
}

void list_open_orders(Call& call) {
  MarketId market = kNoMarket;
  if (!query_market(call, market)) return;
  const auto cursor = call.query_value("cursor");
  const auto before = cursor ? parse_id(*cursor) : 0;
  if (!before) {
    call.fail(ResultCode::invalid_cursor, "cursor");
    return;
  }
  const uint32_t limit = call.page_limit();
  const auto rows = call.hot().open_orders(call.principal.agent, market, *before, limit);
  std::string next;
  if (rows.size() == limit) next = std::to_string(rows.back().order_id);
  write_page(call.reply, rows, next, order_renderer(call));
}

void list_order_history(Call& call) {
  MarketId market = kNoMarket;
  if (!query_market(call, market)) return;
  const AgentId agent = call.principal.agent;
  std::vector<stores::OrderView> fresh = call.hot().closed_orders(agent, market, kPageItemsMax);
  const auto newer = [](const stores::OrderView& a, const stores::OrderView& b) {
    return a.sequence > b.sequence;
  };
  if (call.history() == nullptr) {
    write_page(call.reply, fresh, {}, order_renderer(call));
    return;
  }
  if (!call.may_use_disk()) return;
  for (const auto& row : call.hot().open_orders(agent, market, 0, kPageItemsMax)) {
    fresh.push_back(row);
  }
  std::sort(fresh.begin(), fresh.end(), newer);
  stores::OrderFilter filter;
  filter.market = market;
  auto page = newest_page(
      call, std::move(fresh),
      [&](const stores::PageRequest& request) {
        return call.history()->orders(agent, filter, request);
      },
      [](const stores::OrderView& view) { return view.sequence; });
  if (!page_ok(call, page)) return;
  for (stores::OrderView& row : page.rows) {
    if (const auto now = call.hot().order(agent, row.order_id)) row = *now;
  }
  write_page(call.reply, page.rows, page.next_cursor, order_renderer(call));
}

void get_order(Call& call) {
  OrderName name;
  if (!path_order(call, name)) return;
  const auto order = find_order(call, name);
  if (call.wants_disk && !call.may_block) return;
  const bool is_other_market = order && name.market != kNoMarket && order->market != name.market;
  if (!order || is_other_market) {
    call.fail(ResultCode::order_not_found, name.order_id != 0 ? "order_id" : "client_id",
              "no order of this agent has that id");
    return;
  }
  render_order(call.reply, *order, *call.markets().spec(order->market));
}

void list_fills(Call& call) {
  MarketId market = kNoMarket;
  if (!query_market(call, market)) return;
  const AgentId agent = call.principal.agent;
  auto fresh = call.hot().fills(agent, market, kPageItemsMax);
  const auto render = [&call](std::string& out, const stores::FillView& view) {
    render_fill(out, view, *call.markets().spec(view.market));
  };
  if (call.history() == nullptr) {
    write_page(call.reply, fresh, {}, render);
    return;
  }
  if (!call.may_use_disk()) return;
  const auto page = newest_page(
      call, std::move(fresh),
      [&](const stores::PageRequest& request) {
        return call.history()->fills(agent, market, request);
      },
      [](const stores::FillView& view) { return view.sequence; });
  if (page_ok(call, page)) write_page(call.reply, page.rows, page.next_cursor, render);
}

}  // namespace perpetua::gateway::native
