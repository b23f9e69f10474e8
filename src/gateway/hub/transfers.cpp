// Transfers between agents, and the list of all money that moved.

#include "gateway/hub/agent_view.hpp"
#include "gateway/hub/handlers.hpp"
#include "gateway/hub/past.hpp"
#include "stores/activity/activity.hpp"

namespace perpetua::gateway::hub {
namespace {

// The settlement of this very transfer, others of the same amount notwithstanding: what it left
// the sender with tells it, to a repeat of the request, too.
std::optional<stores::SettlementView> own_transfer(const Call& call) {
  const MoveMoney& money = call.submissions.front().command.money;
  return call.hot().activity().settlements().find_transfer(
      call.principal.agent, money.to_agent, money.amount, Micro(outcome_of(call).values[0]));
}

}  // namespace

bool prepare_transfer(Call& call) {
  const auto recipient = parse_agent_name(input(call, "to_agent").text);
  if (recipient == call.principal.agent) {
    return refuse(call, kSelfTransfer, "Cannot transfer to yourself");
  }
  if (!recipient) return refuse(call, kNotFound, "Recipient agent not found");
  Command& command = add_submission(call).command;
  command = Command(CommandType::transfer, call.principal.agent);
  command.money = MoveMoney();
  command.money.amount = money_of(call, "amount");
  command.money.to_agent = *recipient;
  if (input(call, "onchain").number != 0) command.money.flags = kOnChain;
  return true;
}

bool complete_transfer(Call& call) {
  if (outcome_of(call).code == ResultCode::agent_not_found) {
    return refuse(call, kNotFound, "Recipient agent not found");
  }
  if (!is_done(call)) return false;
  const auto settlement = own_transfer(call);
  if (!settlement) {  // a repeat of long ago
    return refuse(call, kIdempotencyConflict, "The transfer was made, and is kept no longer");
  }
  JsonWriter json(call.reply);
  json.begin_object().key("success").boolean(true);
  json.key("settlement");
  write_settlement(json, *settlement);
  json.end_object();
  return false;
}

void list_settlements(Call& call) {
  const Value& owner = input(call, "agent_id");
  AgentId agent = 0;
  if (owner.is_present) {
    const auto named = parse_agent_name(owner.text);
    agent = named.value_or(UINT32_MAX);  // nobody's: an empty list
  }
  const auto limit = static_cast<std::size_t>(number_or(input(call, "limit"), kPageItemsDefault));
  auto rows = call.hot().activity().settlements().newest(agent, limit);
  if (!add_past_settlements(call, agent, limit, rows)) return;
  JsonWriter json(call.reply);
  json.begin_object().key("settlements").begin_array();
  for (const auto& row : rows) write_settlement(json, row);
  json.end_array().end_object();
}

void get_settlement_stats(Call& call) {
  const stores::SettlementTotals totals = call.hot().activity().settlements().totals();
  stores::SettlementTotals::Sum all;
  for (const auto& sum : totals.by_kind) {
    all.count += sum.count;
    all.amount += sum.amount;
  }
  JsonWriter json(call.reply);
  json.begin_object();
  json.key("total_settlements").number(static_cast<int64_t>(all.count));
  write_money(json.key("total_volume"), all.amount);
  write_money(json.key("total_fees"), Micro(0));
  json.key("by_type").begin_object();
  for (std::size_t i = 0; i < totals.by_kind.size(); ++i) {
    json.key(wire_name(static_cast<stores::SettlementKind>(i))).begin_object();
    json.key("count").number(static_cast<int64_t>(totals.by_kind[i].count));
    write_money(json.key("volume"), totals.by_kind[i].amount);
    json.end_object();
  }
  json.end_object().end_object();
}

}  // namespace perpetua::gateway::hub
