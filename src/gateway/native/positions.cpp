#include "gateway/codec/fields.hpp"
#include "gateway/codec/render.hpp"
#include "gateway/native/handlers.hpp"
#include "gateway/native/pages.hpp"

namespace perpetua::gateway::native {
namespace {

auto position_renderer(const Call& call) {
  return [&call](std::string& out, const stores::PositionView& view) {
    render_position(out, view, *call.markets().spec(view.market));
  };
}

}  // namespace

void list_positions(Call& call) {
  const AccountState* state = call.account_state({.with_holdings = true});
  if (state == nullptr) return;
  std::vector<stores::PositionView> positions;
  for (const stores::PositionView& holding : state->holdings) {
    const auto position = call.hot().valued(holding);
    if (position && position->base != Lots(0)) positions.push_back(*position);
  }
  write_list(call.reply, positions, position_renderer(call));
}

void get_position(Call& call) {
  MarketId market = kNoMarket;
  if (!path_market(call, market)) return;
  const AccountState* state = call.account_state({.with_holdings = true});
  if (state == nullptr) return;
  stores::PositionView holding;
  holding.agent = call.principal.agent;
  holding.market = market;
  for (const stores::PositionView& row : state->holdings) {
    if (row.market == market) holding = row;
  }
  position_renderer(call)(call.reply, *call.hot().valued(holding));
}

bool prepare_close_position(Call& call) {
  MarketId market = kNoMarket;
  if (!path_market(call, market)) return false;
  const auto position = call.hot().position(call.principal.agent, market);
  const bool is_short = position && position->base.value < 0;
  return parse_close(*call.body, parse_context(call), market, is_short ? Side::buy : Side::sell,
                     add_submission(call), call.error);
}

// The side is ours, not the sender's. A repeat may find the position on the other side or gone, and
// then carries another payload than the first request: ask once more with the other side. A key
// that really was used for something else conflicts both times.
bool complete_close_position(Call& call) {
  Command& command = call.submissions.front().command;
  const ResultCode code = call.replies.front().outcome.code;
  if (code == ResultCode::idempotency_conflict && !call.is_retry) {
    call.is_retry = true;
    command.place.side = opposite(command.place.side);
    return true;
  }
  return complete_one(call);
}

bool prepare_leverage(Call& call) {
  MarketId market = kNoMarket;
  return path_market(call, market) &&
         parse_leverage(*call.body, parse_context(call), market, add_submission(call), call.error);
}

bool prepare_margin(Call& call) {
  MarketId market = kNoMarket;
  return path_market(call, market) &&
         parse_margin(*call.body, parse_context(call), market, add_submission(call), call.error);
}

bool prepare_netting(Call& call) {
  MarketId market = kNoMarket;
  return path_market(call, market) &&
         parse_netting(*call.body, parse_context(call), market, add_submission(call), call.error);
}

}  // namespace perpetua::gateway::native
