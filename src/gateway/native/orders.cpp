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

uint64_t accepted_at(const stores::OrderView& view) { return view.sequence; }

// Into `page`. `rows`: open and recently closed ones, by acceptance. Memory drops orders as they
// were closed, not as they were accepted: history has those that were dropped if it shows as closed
// the oldest one that memory knows as closed.
void read_orders(Call& call, std::vector<stores::OrderView> rows, OrderId oldest_closed,
                 bool has_all_open, stores::OrderFilter filter, OrderPage& page) {
  const auto cursor = call.query_value("cursor").value_or(std::string_view());
  const std::size_t limit = call.page_limit();
  const bool is_alone = !cursor.empty() || call.history_is_current();
  if (!is_alone) filter.closed = oldest_closed;
  const stores::PageRequest request{cursor, limit};
  page = call.history()->orders(call.principal.agent, filter, request);
  if (is_alone || page.status != stores::PageStatus::ok) return;
  if (oldest_closed != 0 && page.has_witness && has_all_open) {
    put_in_front(page, std::move(rows), limit, true, accepted_at);
  } else {
    call.await_history();
  }
}

}  // namespace

bool find_order(Call& call, const OrderName& name, std::optional<stores::OrderView>& order) {
  const AgentId agent = call.principal.agent;
  const auto find = [&](auto& store) {
    return name.order_id != 0 ? store.order(agent, name.order_id)
                              : store.order_by_client_id(agent, name.client_id);
  };
  order = find(call.hot());
  if (order || call.history() == nullptr) return true;
  if (!call.may_use_disk()) return false;
  call.needs_history(call.hot().changes(agent).any);
  const bool is_current = call.history_is_current();
  order = find(*call.history());
  // A client id may name a newer order by now, and who is only in history is not open any more.
  const bool is_settled = order && !order->is_open() && name.order_id != 0;
  return is_settled || is_current || call.await_history();
}

bool list_orders(Call& call, MarketId market, bool intents_only, OrderPage& page) {
  if (call.history() != nullptr && !call.may_use_disk()) return false;
  const AgentId agent = call.principal.agent;
  call.needs_history(call.hot().changes(agent).any);
  constexpr std::size_t kMost = stores::hot_limits::kPageMax;
  // The open ones first: an order that closes in between is then in both lists, not in neither.
  const auto open = call.hot().open_orders(agent, market, 0, kMost);
  auto rows = call.hot().closed_orders(agent, market, kMost);
  const OrderId oldest_closed = rows.empty() ? 0 : rows.back().order_id;
  const auto keep_wanted = [&] {
    std::erase_if(rows, [&](const auto& row) { return intents_only && !row.is_intent(); });
  };
  if (call.history() == nullptr) {
    keep_wanted();
    page.rows = std::move(rows);
    return true;
  }
  rows.insert(rows.end(), open.begin(), open.end());
  keep_wanted();
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return a.sequence > b.sequence; });
  const auto is_same = [](const auto& a, const auto& b) { return a.sequence == b.sequence; };
  rows.erase(std::unique(rows.begin(), rows.end(), is_same), rows.end());
  const stores::OrderFilter filter{.market = market, .intents_only = intents_only};
  read_orders(call, std::move(rows), oldest_closed, open.size() < kMost, filter, page);
  if (!page_ok(call, page)) return false;
  for (stores::OrderView& row : page.rows) {
    if (const auto now = call.hot().order(agent, row.order_id)) row = *now;
  }
  return true;
}

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
  write_live_page(
      call,
      [&](OrderId before, uint32_t limit) {
        return call.hot().open_orders(call.principal.agent, market, before, limit);
      },
      [](const stores::OrderView& row) { return row.order_id; }, order_renderer(call));
}

void list_order_history(Call& call) {
  MarketId market = kNoMarket;
  OrderPage page;
  if (!query_market(call, market) || !list_orders(call, market, false, page)) return;
  write_page(call.reply, page.rows, page.next_cursor, order_renderer(call));
}

void get_order(Call& call) {
  OrderName name;
  std::optional<stores::OrderView> order;
  if (!path_order(call, name) || !find_order(call, name, order)) return;
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
  call.needs_history(call.hot().changes(agent).fills);
  auto fresh = call.hot().fills(agent, market, stores::hot_limits::kPageMax);
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
