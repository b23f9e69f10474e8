#include "base/decimal.hpp"
#include "engine/schema/position.hpp"
#include "gateway/hub/format.hpp"
#include "gateway/hub/render.hpp"
#include "stores/activity/activity.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr unsigned kAlertSequenceBits = 46;  // below the agent's id
// Shown for compatibility: the hub's numbers of limits that this exchange does not apply.
constexpr int64_t kDailyLossShare = 1;  // tenths
constexpr int64_t kDrawdownShare = 3;
constexpr int64_t kTradesPerHour = 50;
constexpr int64_t kTradesPerDay = 500;
constexpr std::size_t kClosedPositionsSearched = 100;

std::string_view violation_type(RiskLimit limit) {
  constexpr std::string_view names[] = {"position_size", "total_exposure", "leverage",
                                        "daily_loss"};
  return names[static_cast<std::size_t>(limit)];
}

// The position that the step was of: of the agent's in that market the last that began before it.
stores::PositionRecord position_of(const stores::HotStore& hot,
                                   const stores::LiquidationView& view) {
  const auto& positions = hot.activity().positions();
  auto records = positions.closed(view.agent, kClosedPositionsSearched);
  if (const auto open = positions.open(view.agent, view.market)) records.push_back(*open);
  stores::PositionRecord found;
  uint64_t found_since = 0;
  for (const stores::PositionRecord& record : records) {
    // One whose opening is not known is older than all that are.
    const uint64_t since = record.id >= stores::PositionRecord::kUnknownOpening ? 1 : record.id;
    if (record.market != view.market || since > view.sequence || since <= found_since) continue;
    found = record;
    found_since = since;
  }
  return found;
}

}  // namespace

void write_liquidation(JsonWriter& json, const stores::HotStore& hot,
                       const stores::LiquidationView& view) {
  const MarketSpec& spec = *hot.market_spec(view.market);
  const Liquidation& step = view.step;
  const Lots size = step.lots.value < 0 ? -step.lots : step.lots;
  const Lots held = step.base.value < 0 ? -step.base : step.base;
  const Micro at_mark = notional(step.mark, held, spec.value_per_tick_lot_micro);
  const stores::PositionRecord position = position_of(hot, view);
  const Lots entry_lots = position.base.value < 0 ? -position.base : position.base;
  json.begin_object();
  json.key("liquidation_id").text(id_text(IdKind::liquidation, view.sequence));
  json.key("position_id").text(id_text(IdKind::position, position.id));
  json.key("agent_id").text(agent_name(view.agent));
  json.key("asset").text(asset_name(spec));
  json.key("side").text(step.base.value < 0 ? "short" : "long");
  write_money(json.key("size_usdc"), step.value);
  json.key("entry_price");
  if (entry_lots.value == 0) {
    write_price(json, step.mark, spec);
  } else {
    write_average(json, position.entry_notional, entry_lots, spec);
  }
  write_average(json.key("liquidation_price"), step.value, size, spec);
  write_price(json.key("mark_price"), step.mark, spec);
  // Equity is margin and PnL; what is left of the margin is what the position is worth now.
  write_money(json.key("pnl"), step.base.value < 0 ? position.entry_notional - at_mark
                                                   : at_mark - position.entry_notional);
  write_money(json.key("margin_remaining"), step.equity);
  write_money(json.key("liquidation_fee"), step.fee);
  json.key("status").text("executed");
  write_time(json.key("created_at"), view.time_ms);
  write_time(json.key("executed_at"), view.time_ms);
  json.end_object();
}

void write_violation(JsonWriter& json, const stores::ViolationView& violation) {
  const bool is_money = violation.limit != RiskLimit::leverage;
  const auto write_value = [&](int64_t value) {
    if (is_money) {
      write_money(json, Micro(value));
    } else {
      json.number(value);
    }
  };
  json.begin_object();
  json.key("violation_id").text(id_text(IdKind::violation, violation.number));
  json.key("agent_id").text(agent_name(violation.agent));
  json.key("type").text(violation_type(violation.limit));
  json.key("message").text(std::string(wire_name(violation.limit)) + " exceeded");
  json.key("severity").text("warning");
  json.key("value");
  write_value(violation.value);
  json.key("limit");
  write_value(violation.allowed);
  write_time(json.key("timestamp"), violation.time_ms);
  json.end_object();
}

void write_risk_limits(JsonWriter& json, const stores::RiskView& risk) {
  const RiskLimits& limits = risk.limits;
  json.begin_object();
  json.key("agent_id").text(agent_name(risk.agent));
  write_money(json.key("max_position_size"), limits.position_max);
  write_money(json.key("max_total_exposure"), limits.exposure_max);
  json.key("max_leverage").number(limits.leverage_max);
  write_money(json.key("max_daily_loss"), limits.daily_loss_max);
  write_number(json.key("max_daily_loss_pct"), kDailyLossShare, 1);
  write_number(json.key("max_drawdown_pct"), kDrawdownShare, 1);
  json.key("max_trades_per_hour").number(kTradesPerHour);
  json.key("max_trades_per_day").number(kTradesPerDay);
  json.key("is_enabled").boolean(limits != RiskLimits());
  json.end_object();
}

uint64_t alert_number(AgentId agent, uint64_t sequence) {
  return static_cast<uint64_t>(agent) << kAlertSequenceBits | sequence;
}

AgentId alert_owner(uint64_t number) { return static_cast<AgentId>(number >> kAlertSequenceBits); }

uint64_t alert_sequence(uint64_t number) { return number & ((1ull << kAlertSequenceBits) - 1); }

void write_alert(JsonWriter& json, const AlertObject& alert) {
  json.begin_object();
  json.key("alert_id").text(id_text(IdKind::alert, alert_number(alert.agent, alert.sequence)));
  json.key("type").text(alert.type);
  json.key("message").text(alert.message);
  json.key("severity").text(alert.severity);
  write_time(json.key("created_at"), alert.time_ms);
  json.key("acknowledged").boolean(false);
  json.end_object();
}

}  // namespace perpetua::gateway::hub
