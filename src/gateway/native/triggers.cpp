// Triggers: stops, take-profits, trailing stops; protective ones and entries.
#include "gateway/codec/fields.hpp"
#include "gateway/codec/render_triggers.hpp"
#include "gateway/native/handlers.hpp"
#include "gateway/native/pages.hpp"

namespace perpetua::gateway::native {
namespace {

auto trigger_renderer(const Call& call) {
  return [&call](std::string& out, const stores::TriggerView& view) {
    render_trigger(out, view, *call.markets().spec(view.market));
  };
}

bool path_trigger(Call& call, OrderId& id) {
  id = parse_id(call.path_value("trigger_id")).value_or(0);
  return is_trigger(id) || call.fail(ResultCode::order_not_found, "trigger_id",
                                     "no trigger of this agent has that id");
}

// False: the call will be made again where it may block.
bool find_trigger(Call& call, OrderId id, std::optional<stores::TriggerView>& trigger) {
  const AgentId agent = call.principal.agent;
  trigger = call.hot().trigger(agent, id);
  if (trigger || call.history() == nullptr) return true;
  if (!call.may_use_disk()) return false;
  call.needs_history(call.hot().changes(agent).any);
  const bool is_current = call.history_is_current();
  trigger = call.history()->trigger(agent, id);
  // Who is only in history is not live any more.
  const bool is_settled = trigger && !trigger->is_live();
  return is_settled || is_current || call.await_history();
}

}  // namespace

bool prepare_place_trigger(Call& call) {
  return parse_trigger(*call.body, parse_context(call), add_submission(call), call.error);
}

bool prepare_protection(Call& call) {
  MarketId market = kNoMarket;
  return path_market(call, market) && parse_protection(*call.body, parse_context(call), market,
                                                       add_submission(call), call.error);
}

bool complete_protection(Call& call) {
  complete_one(call);
  if (call.error.field == "stop") call.error.field = "stop_loss";
  return false;
}

bool prepare_cancel_trigger(Call& call) {
  OrderName name;
  return path_trigger(call, name.order_id) &&
         (parse_cancel(*call.body, parse_context(call), name, add_submission(call), call.error) ||
          call.fail(ResultCode::order_not_found, "trigger_id"));
}

bool complete_cancel_trigger(Call& call) {
  const Outcome& outcome = call.replies.front().outcome;
  if (outcome.code == ResultCode::ok) {
    render_trigger_cancelled(call.reply, outcome, *call.markets().spec(order_market(outcome.id)));
    return false;
  }
  complete_one(call);
  if (call.error.field == "order_id") call.error.field = "trigger_id";
  return false;
}

void list_triggers(Call& call) {
  MarketId market = kNoMarket;
  if (!query_market(call, market)) return;
  write_live_page(
      call,
      [&](OrderId before, uint32_t limit) {
        return call.hot().triggers(call.principal.agent, market, before, limit);
      },
      [](const stores::TriggerView& row) { return row.id(); }, trigger_renderer(call));
}

void list_trigger_history(Call& call) {
  MarketId market = kNoMarket;
  if (!query_market(call, market)) return;
  const AgentId agent = call.principal.agent;
  call.needs_history(call.hot().changes(agent).any);
  auto fresh = call.hot().closed_triggers(agent, market, stores::hot_limits::kPageMax);
  if (call.history() == nullptr) {
    write_page(call.reply, fresh, {}, trigger_renderer(call));
    return;
  }
  if (!call.may_use_disk()) return;
  const auto page = newest_page(
      call, std::move(fresh),
      [&](const stores::PageRequest& request) {
        return call.history()->closed_triggers(agent, market, request);
      },
      [](const stores::TriggerView& view) { return view.closed_sequence; });
  if (page_ok(call, page)) {
    write_page(call.reply, page.rows, page.next_cursor, trigger_renderer(call));
  }
}

void get_trigger(Call& call) {
  OrderId id = 0;
  std::optional<stores::TriggerView> trigger;
  if (!path_trigger(call, id) || !find_trigger(call, id, trigger)) return;
  if (!trigger) {
    call.fail(ResultCode::order_not_found, "trigger_id", "no trigger of this agent has that id");
    return;
  }
  trigger_renderer(call)(call.reply, *trigger);
}

}  // namespace perpetua::gateway::native
