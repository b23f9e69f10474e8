// Positions: what is held, its stop and take-profit, its closing.
#include <algorithm>

#include "gateway/hub/past.hpp"
#include "gateway/hub/trading_handlers.hpp"

namespace perpetua::gateway::hub {
namespace {

using stores::PositionRecord;

constexpr std::size_t kClosedShownMax = 500;
constexpr unsigned kRatioDigits = 4;
constexpr int64_t kRatioScale = 10'000;
constexpr int64_t kDangerBelow = 1'000;  // of kRatioScale
constexpr int64_t kWarningBelow = 3'000;
// In place of one that memory keeps no longer.
constexpr PositionRecord kGone{.close_reason = stores::PositionCloseReason::manual};

// As memory has it; what only history has is closed.
std::optional<PositionRecord> path_position(const Call& call) {
  const auto id = parse_id_text(IdKind::position, call.path_value("position_id"));
  return id ? call.hot().activity().positions().find(*id) : std::nullopt;
}

Price nearest_tick(int64_t price_e9, const MarketSpec& spec) {
  const Int128 half = spec.tick_size_e9 / 2;
  return Price(static_cast<int64_t>((static_cast<Int128>(price_e9) + half) / spec.tick_size_e9));
}

bool refuse_closed(Call& call) {
  return refuse(call, kPositionClosed, "Position is already closed");
}

bool is_guard(const stores::TriggerView& row, TriggerKind kind) {
  return row.trigger.kind == kind && row.trigger.is_protective != 0 && row.trigger.lots.value == 0;
}

// One leg alone: the other one, if there is any, stays as it is.
bool prepare_guard(Call& call, TriggerKind kind, std::string_view own_name) {
  const Value& own = input(call, own_name);
  const Value& given = own.is_present ? own : input(call, "price");
  if (!given.is_present) return refuse_field(call, "body", "price", "is required", "missing");
  const PositionRecord record = path_position(call).value_or(kGone);
  if (!record.is_open()) return refuse_closed(call);
  const MarketSpec& spec = *call.hot().market_spec(record.market);
  const Price at = nearest_tick(given.number, spec);
  if (at.value <= 0) {
    return refuse_field(call, "body", given.field->name, "is below the price step", "greater_than");
  }
  Command& command = add_submission(call).command;
  command = Command(CommandType::place_trigger, call.principal.agent, record.market);
  command.trigger = PlaceTrigger();
  (kind == TriggerKind::stop ? command.trigger.stop : command.trigger.take_profit) = at;
  for (const auto& row :
       call.hot().triggers(record.agent, record.market, 0, stores::hot_limits::kPageMax)) {
    if (is_guard(row, kind)) call.noted_ids.push_back(row.id());
  }
  return true;
}

// The new trigger is live: those that were there before it go. Of two requests at once the later
// one cancels the earlier one's; of the same millisecond both stay, and the nearer one acts.
bool cancel_older(Call& call, TriggerKind kind) {
  const AgentId agent = call.principal.agent;
  const MarketId market = call.submissions.front().command.header.market;
  const auto own = call.hot().trigger(agent, outcome_of(call).id);
  std::vector<OrderId> older;
  for (const auto& row : call.hot().triggers(agent, market, 0, stores::hot_limits::kPageMax)) {
    const auto& noted = call.noted_ids;
    const bool was_there = std::find(noted.begin(), noted.end(), row.id()) != noted.end() ||
                           (own && row.created_at_ms < own->created_at_ms);
    if (is_guard(row, kind) && was_there) older.push_back(row.id());
  }
  call.submissions.clear();
  const std::size_t most = std::min<std::size_t>(older.size(), limits::kOrdersPerRequestMax);
  for (std::size_t i = 0; i < most; ++i) {
    Command& command = add_submission(call).command;
    command = Command(CommandType::cancel_order, agent, market);
    command.cancel = CancelOrder();
    command.cancel.order_id = older[i];
  }
  return !call.submissions.empty();
}

bool complete_guard(Call& call, TriggerKind kind) {
  if (!call.is_retry) {
    if (!is_executed(call)) {
      if (call.error.field == "stop") call.error.field = "stop_loss";
      return false;
    }
    call.is_retry = true;
    if (cancel_older(call, kind)) return true;
  } else if (outcome_of(call).code == ResultCode::outcome_unknown) {
    return is_done(call);  // the new one is live; whether the older ones went, nobody knows
  }
  const auto record = path_position(call);
  if (!record) return refuse_closed(call);
  JsonWriter json(call.reply);
  json.begin_object().key("success").boolean(true).key("position");
  write_position(json, call.hot(), *record);
  json.end_object();
  return false;
}

// What the order of this request realised; its fills are the newest of its agent.
Micro realised_by(const Call& call, const PositionRecord& record, OrderId order) {
  Micro pnl;
  bool is_known = false;
  for (const auto& fill :
       call.hot().fills(record.agent, record.market, stores::hot_limits::kFillsPerAgentMax)) {
    if (fill.order_id != order) continue;
    pnl += fill.realised_pnl;
    is_known = true;
  }
  return is_known ? pnl : record.realised_pnl;
}

void write_close(Call& call, const PositionRecord& record) {
  const Outcome& outcome = outcome_of(call);
  const MarketSpec& spec = *call.hot().market_spec(record.market);
  const Lots closed(outcome.values[0]);
  const Micro value(outcome.values[1]);
  const Micro pnl = realised_by(call, record, outcome.id);
  const Micro entry = record.base.value < 0 ? value + pnl : value - pnl;
  JsonWriter json(call.reply);
  json.begin_object().key("success").boolean(true);
  json.key("position_id").text(id_text(IdKind::position, record.id));
  json.key("position");
  write_position(json, call.hot(), record);
  json.key("result").begin_object();
  write_average(json.key("entry_price"), entry, closed, spec);
  write_average(json.key("exit_price"), value, closed, spec);
  write_money(json.key("realized_pnl"), pnl);
  write_money(json.key("size_usdc"), entry);
  json.end_object();
  write_average(json.key("close_price"), value, closed, spec);
  write_money(json.key("pnl"), pnl);
  json.end_object();
}

int64_t health_ratio(const PositionWorth& worth, Micro margin) {
  const int64_t room = margin.value - worth.maintenance.value;
  const int64_t left = worth.equity.value - worth.maintenance.value;
  if (left <= 0) return 0;
  if (room <= 0) return kRatioScale;
  return static_cast<int64_t>(static_cast<Int128>(left) * kRatioScale / room);
}

// How far the mark is from where liquidation starts: below zero, it has to fall.
std::string distance_text(Price liquidation, Price mark) {
  constexpr int64_t kHundredths = 10'000;
  if (liquidation.value == 0 || mark.value == 0) return "0.00%";
  const Int128 scaled = static_cast<Int128>(liquidation.value - mark.value) * kHundredths;
  std::string out = decimal_text(static_cast<int64_t>(scaled / mark.value), 2);
  const std::size_t point = out.find('.');
  if (point == std::string::npos) return out + ".00%";
  if (out.size() - point < 3) out.push_back('0');
  return out + "%";
}

}  // namespace

// Notes that history has it: then the request begins anew.
bool locate_position(Call& call) {
  if (!call.noted_ids.empty()) return true;
  const auto id = parse_id_text(IdKind::position, call.path_value("position_id"));
  AgentId owner = 0;
  if (id && !find_position_owner(call, *id, owner)) return false;
  if (owner == 0) return refuse(call, kNotFound, "Position not found");
  if (call.may_block) call.noted_ids.push_back(*id);
  return owner == call.principal.agent || refuse(call, kForbidden, "You don't own this position");
}

void list_positions(Call& call) {
  const AgentId agent = call.principal.agent;
  const AccountState* state = call.account_state({.with_holdings = true});
  if (state == nullptr) return;
  auto rows = open_positions(call.hot(), *state);
  if (input(call, "include_closed").number != 0) {
    auto closed = call.hot().activity().positions().closed(agent, kClosedShownMax);
    if (!add_past_positions(call, agent, kClosedShownMax, closed)) return;
    rows.insert(rows.end(), closed.begin(), closed.end());
  }
  JsonWriter json(call.reply);
  json.begin_object().key("agent_id").text(agent_name(agent)).key("positions");
  write_array(json, rows, [&](const auto& row) { write_position(json, call.hot(), row); });
  json.key("total").number(static_cast<int64_t>(rows.size())).end_object();
}

void get_portfolio(Call& call) {
  const AgentId agent = call.principal.agent;
  const AccountState* state = call.account_state({.with_holdings = true});
  if (state == nullptr) return;
  const auto rows = open_positions(call.hot(), *state);
  Micro size, margin, pnl;
  for (const PositionRecord& row : rows) {
    size += row.entry_notional;
    margin += row.margin;
    pnl += worth_of(call.hot(), row).pnl;
  }
  const auto statistics = call.hot().activity().statistics(agent);
  JsonWriter json(call.reply);
  json.begin_object().key("agent_id").text(agent_name(agent));
  json.key("open_positions").number(static_cast<int64_t>(rows.size()));
  write_money(json.key("total_size"), size);
  write_money(json.key("total_margin"), margin);
  write_money(json.key("unrealized_pnl"), pnl);
  write_money(json.key("daily_pnl"), statistics.pnl_of_day(call.hot().log_time_ms()));
  json.key("positions");
  write_array(json, rows, [&](const auto& row) { write_position(json, call.hot(), row); });
  json.end_object();
}

bool prepare_stop_loss(Call& call) {
  return prepare_guard(call, TriggerKind::stop, "stop_loss_price");
}
bool complete_stop_loss(Call& call) { return complete_guard(call, TriggerKind::stop); }

bool prepare_take_profit(Call& call) {
  return prepare_guard(call, TriggerKind::take_profit, "take_profit_price");
}
bool complete_take_profit(Call& call) { return complete_guard(call, TriggerKind::take_profit); }

bool prepare_close(Call& call) {
  const PositionRecord record = path_position(call).value_or(kGone);
  if (!record.is_open()) return refuse_closed(call);
  if (!require_open_market(call, record.market)) return false;
  Command& command = add_submission(call).command;
  command = Command(CommandType::place_order, call.principal.agent, record.market);
  command.place = PlaceOrder();
  command.place.kind = OrderKind::market;
  command.place.time_in_force = TimeInForce::ioc;
  command.place.side = record.base.value > 0 ? Side::sell : Side::buy;
  command.place.flags = kReduceOnly | kClosePosition;
  // An intent of its own that rests in the way must not keep a position open.
  command.place.stp = SelfTradePrevention::cancel_oldest;
  return true;
}

bool complete_close(Call& call) {
  if (!is_executed(call)) return false;
  const auto record = path_position(call);
  if (outcome_of(call).values[0] == 0) {
    if (record && !record->is_open()) return refuse_closed(call);
    return refuse(call, kNoLiquidity, "No liquidity: nothing could be closed near the mark price");
  }
  if (!record) return refuse_closed(call);  // a repeat of long ago: it is kept no longer
  write_close(call, *record);
  return false;
}

void get_position_health(Call& call) {
  const AccountState* state = call.account_state({.with_holdings = true});
  if (state == nullptr) return;
  const auto named = path_position(call);
  const auto rows = open_positions(call.hot(), *state);
  const auto row = std::find_if(rows.begin(), rows.end(),
                                [&](const auto& open) { return named && open.id == named->id; });
  if (row == rows.end()) {
    refuse_closed(call);
    return;
  }
  const PositionRecord& record = *row;
  const MarketSpec& spec = *call.hot().market_spec(record.market);
  const PositionWorth worth = worth_of(call.hot(), record);
  const Price liquidation = liquidation_price_of(call.hot(), record);
  const int64_t ratio = health_ratio(worth, record.margin);
  JsonWriter json(call.reply);
  json.begin_object().key("position_id").text(id_text(IdKind::position, record.id));
  write_number(json.key("health_ratio"), ratio, kRatioDigits);
  json.key("health_status")
      .text(ratio < kDangerBelow    ? "danger"
            : ratio < kWarningBelow ? "warning"
                                    : "safe");
  write_price(json.key("current_price"), worth.mark, spec);
  write_price(json.key("liquidation_price"), liquidation, spec);
  json.key("distance_to_liquidation").text(distance_text(liquidation, worth.mark));
  json.key("will_liquidate").boolean(worth.equity < worth.maintenance);
  json.end_object();
}

}  // namespace perpetua::gateway::hub
