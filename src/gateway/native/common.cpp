#include "gateway/codec/fields.hpp"
#include "gateway/codec/render.hpp"
#include "gateway/native/handlers.hpp"

namespace perpetua::gateway::native {

runtime::Submission& add_submission(Call& call) { return call.submissions.emplace_back(); }

bool complete_one(Call& call) {
  const Command& command = call.submissions.front().command;
  const Outcome& outcome = call.replies.front().outcome;
  if (outcome.code == ResultCode::ok) {
    render_outcome(call.reply, command, outcome, call.markets());
  } else {
    call.error = outcome_error(command, outcome, call.markets());
  }
  return false;
}

bool complete_results(Call& call) {
  call.reply += "{\"results\":[";
  for (std::size_t i = 0; i < call.submissions.size(); ++i) {
    if (i > 0) call.reply.push_back(',');
    render_batch_entry(call.reply, call.submissions[i].command, call.replies[i].outcome,
                       call.markets());
  }
  call.reply += "]}";
  return false;
}

bool path_market(Call& call, MarketId& market) {
  return find_market(call.path_value("market"), call.markets(), market, call.error);
}

bool query_market(Call& call, MarketId& market) {
  const auto symbol = call.query_value("market");
  return !symbol || find_market(*symbol, call.markets(), market, call.error);
}

bool path_order(Call& call, OrderName& name) {
  const std::string_view client_id = call.path_value("client_id");
  if (!client_id.empty()) {
    name.client_id = client_id;
    return query_market(call, name.market);
  }
  std::string_view text = call.path_value("order_id");
  if (text.empty()) text = call.path_value("intent_id");
  name.order_id = parse_id(text).value_or(0);
  return name.order_id != 0 || call.fail(ResultCode::order_not_found, "order_id");
}

}  // namespace perpetua::gateway::native
