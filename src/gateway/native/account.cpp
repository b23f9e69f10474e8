#include "gateway/codec/fields.hpp"
#include "gateway/codec/render.hpp"
#include "gateway/native/handlers.hpp"
#include "gateway/native/pages.hpp"

namespace perpetua::gateway::native {
namespace {

bool prepare_move(Call& call, CommandType type, AgentId agent) {
  ParseContext context = parse_context(call);
  context.agent = agent;
  return parse_money_move(*call.body, context, type, add_submission(call), call.error);
}

// The operator acts on the account it names; an agent only on its own.
bool funded_agent(Call& call, AgentId& agent) {
  const auto named = id_field(*call.body, "agent_id");
  agent = call.principal.agent;
  if (!call.principal.is_operator) {
    if (!named || *named == agent) return true;
    return call.fail(ResultCode::forbidden, "agent_id", "only the operator names another agent");
  }
  if (!named) return call.fail(ResultCode::missing_field, "agent_id");
  if (*named == 0 || *named > UINT32_MAX) return call.fail(ResultCode::agent_not_found, "agent_id");
  agent = static_cast<AgentId>(*named);
  return true;
}

}  // namespace

void get_account(Call& call) {
  const AccountState* state = call.account_state({.with_holdings = true});
  if (state == nullptr) return;
  AccountTotals totals;
  for (const stores::PositionView& holding : state->holdings) {
    if (holding.base == Lots(0)) continue;
    const auto position = call.hot().valued(holding);
    if (position) totals.unrealised_pnl += position->unrealised_pnl;
  }
  totals.open_orders = static_cast<uint32_t>(state->open_orders);
  render_account(call.reply, state->account, totals);
}

void list_ledger(Call& call) {
  if (!call.may_use_disk()) return;
  if (call.history() == nullptr) {
    call.fail(ResultCode::exchange_unavailable, {}, "there is no history in this process");
    return;
  }
  call.needs_history(call.hot().changes(call.principal.agent).ledger);
  const auto page = newest_page(
      call, std::vector<stores::LedgerEntryView>(),  // the hot store keeps none
      [&](const stores::PageRequest& request) {
        return call.history()->ledger(call.principal.agent, request);
      },
      [](const stores::LedgerEntryView& view) { return view.sequence; });
  if (page_ok(call, page)) write_page(call.reply, page.rows, page.next_cursor, render_ledger_entry);
}

bool prepare_deposit(Call& call) {
  AgentId agent = 0;
  return funded_agent(call, agent) && prepare_move(call, CommandType::deposit, agent);
}

bool prepare_withdraw(Call& call) {
  AgentId agent = 0;
  return funded_agent(call, agent) && prepare_move(call, CommandType::withdraw, agent);
}

bool prepare_transfer(Call& call) {
  return prepare_move(call, CommandType::transfer, call.principal.agent);
}

bool prepare_faucet(Call& call) {
  return prepare_move(call, CommandType::claim_faucet, call.principal.agent);
}

}  // namespace perpetua::gateway::native
