// Limits of keys, the dead-man's switch, changes of a market.
#include "gateway/codec/safety.hpp"

#include <boost/json/object.hpp>

#include "gateway/codec/fields.hpp"
#include "gateway/codec/render.hpp"
#include "gateway/native/handlers.hpp"
#include "gateway/native/pages.hpp"

namespace perpetua::gateway::native {

bool path_key(Call& call, uint32_t& key_id) {
  const auto id = parse_id(call.path_value("key_id")).value_or(0);
  if (id == 0 || id > UINT32_MAX) return call.fail(ResultCode::key_not_found, "key_id");
  key_id = static_cast<uint32_t>(id);
  return true;
}

bool prepare_key_limits(Call& call) {
  runtime::Submission& submission = add_submission(call);
  return parse_set_key_limits(*call.body, parse_context(call), submission, call.error) &&
         path_key(call, submission.command.set_key_limits.key_id);
}

bool prepare_cancel_all_after(Call& call) {
  return parse_cancel_all_after(*call.body, parse_context(call), add_submission(call), call.error);
}

void list_switches(Call& call) {
  write_list(call.reply, call.hot().switches(call.principal.agent),
             [&call](std::string& out, const stores::SwitchView& view) {
               render_switch(out, view, *call.markets().spec(view.market));
             });
}

bool prepare_market_change(Call& call) {
  MarketId market = kNoMarket;
  return path_market(call, market) &&
         parse_market_change(*call.body, market, *call.markets().spec(market), add_submission(call),
                             call.error);
}

void list_market_changes(Call& call) {
  MarketId market = kNoMarket;
  if (!path_market(call, market)) return;
  if (call.history() == nullptr) {
    call.fail(ResultCode::exchange_unavailable, {}, "there is no history in this process");
    return;
  }
  if (!call.may_use_disk()) return;
  const auto page = newest_page(
      call, std::vector<stores::MarketChangeView>(),
      [&](const stores::PageRequest& request) {
        return call.history()->market_changes(market, request);
      },
      [](const stores::MarketChangeView& view) { return view.sequence; });
  if (page_ok(call, page)) {
    write_page(call.reply, page.rows, page.next_cursor, render_market_change);
  }
}

}  // namespace perpetua::gateway::native
