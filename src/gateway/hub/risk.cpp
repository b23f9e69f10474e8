// Liquidations, alerts, risk score and limits.
#include <algorithm>

#include "engine/market/liquidation.hpp"
#include "gateway/hub/chat_message.hpp"
#include "gateway/hub/past.hpp"
#include "gateway/hub/trading_handlers.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr std::size_t kLiquidationsDefault = 20;
constexpr std::size_t kViolationsDefault = 50;
constexpr std::size_t kAlertsMax = 100;
constexpr uint64_t kOwnRow = 1ull << 45;  // of violations, named by their time: not by an event
constexpr int64_t kScale = 10'000;        // hundredths of a percent
constexpr unsigned kScoreDigits = 2;
constexpr int64_t kDrawdownPercentMax = 30;
constexpr int64_t kLeverageDefaultMax = 20;

// All markets together, newest first. `forgotten`: there may be more at or below this sequence.
std::vector<stores::LiquidationView> newest_liquidations(const Call& call, std::size_t limit,
                                                         uint64_t& forgotten) {
  constexpr std::size_t kMost = stores::hot_limits::kLiquidationsPerMarketMax;
  std::vector<stores::LiquidationView> rows;
  for (MarketId market = 0; market < call.hot().totals().markets; ++market) {
    const auto kept = call.hot().liquidations(market, kMost);
    for (const auto& row : kept) {
      if (row.agent != 0) rows.push_back(row);
    }
    if (kept.size() == kMost) forgotten = std::max(forgotten, kept.back().sequence);
  }
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return a.sequence > b.sequence; });
  if (rows.size() > limit) rows.resize(limit);
  return rows;
}

std::string maintenance_text(const MarketSpec& spec) {
  return percent_text(kPpm / (2 * int64_t{spec.tiers[0].max_leverage}), 1);
}

void write_liquidation_stats(const Call& call, JsonWriter& json) {
  const stores::FeeTotal total = call.hot().activity().exchange().liquidation;
  const MarketSpec* spec = call.hot().market_spec(0);
  json.begin_object();
  json.key("total_liquidations").number(static_cast<int64_t>(total.count));
  json.key("executed").number(static_cast<int64_t>(total.count));
  json.key("failed").number(0);
  write_money(json.key("total_fees_collected"), total.total);
  json.key("fee_rate").text(percent_text(kLiquidationFeePpm, 1));
  json.key("maintenance_margin").text(spec == nullptr ? "2.5%" : maintenance_text(*spec));
  json.end_object();
}

std::string position_text(const Call& call, MarketId market, bool is_long) {
  return std::string(asset_name(*call.hot().market_spec(market))) + (is_long ? " long" : " short");
}

AlertObject alert_of(const Call& call, const stores::AlertView& row) {
  const std::string position = position_text(call, row.market, row.base.value > 0);
  AlertObject alert{row.sequence, row.agent, "liquidation_warning", {}, "critical", row.time_ms};
  if (row.kind == stores::AlertKind::margin_warning) {
    alert.severity = "warning";
    alert.message = position + " is close to liquidation";
  } else if (row.kind == stores::AlertKind::deleveraged) {
    alert.message = position + " was closed against a bankrupt position";
  } else {
    alert.message = position + " was liquidated";
  }
  return alert;
}

AlertObject alert_of(const Call& call, const stores::TriggerView& row) {
  const bool is_stop = row.trigger.kind == TriggerKind::stop;
  const MarketSpec& spec = *call.hot().market_spec(row.market);
  return {row.closed_sequence,
          row.agent,
          is_stop ? "stop_loss_triggered" : "take_profit_triggered",
          (is_stop ? "Stop-loss of " : "Take-profit of ") +
              position_text(call, row.market, row.trigger.side == Side::sell) + " triggered at " +
              grid_text(row.trigger.at.value, spec.tick_size_e9),
          "info",
          row.updated_at_ms};
}

// Newest first, acknowledged ones left out.
std::vector<AlertObject> alerts_of(const Call& call, AgentId agent) {
  std::vector<AlertObject> rows;
  for (const auto& row : call.hot().alerts(agent, 0, kAlertsMax)) {
    rows.push_back(alert_of(call, row));
  }
  for (const auto& row : call.hot().closed_triggers(agent, kNoMarket, kAlertsMax)) {
    const bool has_fired = row.reason == CloseReason::triggered && row.trigger.is_protective != 0;
    if (has_fired) rows.push_back(alert_of(call, row));
  }
  for (const auto& row : call.hot().violations(agent, kAlertsMax)) {
    const uint64_t name = kOwnRow | static_cast<uint64_t>(row.time_ms);
    const bool is_told = !rows.empty() && rows.back().sequence == name;
    if (row.limit != RiskLimit::daily_loss || is_told) continue;
    rows.push_back(
        {name, agent, "daily_loss_limit", "Daily loss limit reached", "warning", row.time_ms});
  }
  std::erase_if(rows, [&](const AlertObject& row) {
    return call.hot().activity().acknowledged().contains(agent, row.sequence);
  });
  std::stable_sort(rows.begin(), rows.end(), [](const AlertObject& a, const AlertObject& b) {
    return a.time_ms > b.time_ms;
  });
  return rows;
}

// Hundredths of a percent of what a limit allows, at most all of it; limit 0: there is none.
int64_t share_of(int64_t value, int64_t limit) {
  if (limit <= 0 || value <= 0) return 0;
  return static_cast<int64_t>(
      std::min<Int128>(static_cast<Int128>(value) * kScale / limit, kScale));
}

struct RiskScore {
  int64_t exposure = 0;
  int64_t daily_loss = 0;
  int64_t drawdown = 0;
  int64_t leverage = 0;
  int64_t overall() const { return (2 * (exposure + daily_loss + drawdown) + 3 * leverage) / 9; }
};

RiskScore score_of(const Call& call, const stores::RiskView& risk, const AccountState& state) {
  const AgentId agent = risk.agent;
  RiskScore score;
  score.exposure = share_of(risk.exposure.value, risk.limits.exposure_max.value);
  score.daily_loss = share_of(-risk.daily_pnl.value, risk.limits.daily_loss_max.value);
  Micro unrealised;
  int64_t leverage = 0;
  for (const auto& record : open_positions(call.hot(), state)) {
    unrealised += worth_of(call.hot(), record).pnl;
    leverage = std::max(leverage, leverage_of(record));
  }
  const auto money = call.hot().money_state(agent);
  if (money && money->paid_in.value > 0) {
    const Micro equity = state.account.collateral() + unrealised;
    score.drawdown =
        share_of((money->paid_in - equity).value, money->paid_in.value / 100 * kDrawdownPercentMax);
  }
  const int64_t most =
      risk.limits.leverage_max == 0 ? kLeverageDefaultMax : risk.limits.leverage_max;
  score.leverage = share_of(leverage, most);
  return score;
}

std::string_view level_of(int64_t overall) {
  if (overall < 30 * 100) return "low";
  if (overall < 60 * 100) return "medium";
  return overall < 80 * 100 ? "high" : "critical";
}

}  // namespace

void list_liquidations(Call& call) {
  const std::size_t limit = limit_of(call, kLiquidationsDefault);
  uint64_t forgotten = 0;
  auto rows = newest_liquidations(call, limit, forgotten);
  if (!add_past_liquidations(call, limit, forgotten, rows)) return;
  JsonWriter json(call.reply);
  json.begin_object().key("stats");
  write_liquidation_stats(call, json);
  json.key("recent");
  write_array(json, rows, [&](const auto& row) { write_liquidation(json, call.hot(), row); });
  json.end_object();
}

void get_liquidation_stats(Call& call) {
  JsonWriter json(call.reply);
  write_liquidation_stats(call, json);
}

void list_alerts(Call& call) {
  const AgentId agent = call.principal.agent;
  JsonWriter json(call.reply);
  json.begin_object().key("agent_id").text(agent_name(agent)).key("alerts");
  write_array(json, alerts_of(call, agent), [&](const auto& row) { write_alert(json, row); });
  json.end_object();
}

bool locate_alert(Call& call) {
  const auto number = parse_id_text(IdKind::alert, call.path_value("alert_id"));
  const AgentId owner = number ? alert_owner(*number) : 0;
  bool is_known = owner != 0 && call.hot().account(owner).has_value();
  if (is_known) {
    const uint64_t sequence = alert_sequence(*number);
    const auto rows = alerts_of(call, owner);
    is_known = call.hot().activity().acknowledged().contains(owner, sequence) ||
               std::any_of(rows.begin(), rows.end(),
                           [&](const AlertObject& row) { return row.sequence == sequence; });
  }
  if (!is_known) return refuse(call, kNotFound, "Alert not found");
  return owner == call.principal.agent || refuse(call, kForbidden, "You don't own this alert");
}

// A note to oneself: docs/rules-agents.md section 24.
bool prepare_acknowledge(Call& call) {
  const AgentId agent = call.principal.agent;
  const uint64_t alert = alert_sequence(*parse_id_text(IdKind::alert, call.path_value("alert_id")));
  if (!call.hot().activity().acknowledged().contains(agent, alert)) {
    return submit_message(call, {MessageKind::alert, agent, std::to_string(alert), {}}, "alert_id");
  }
  call.reply = R"({"success":true})";
  return true;
}

bool complete_acknowledge(Call& call) {
  if (is_done(call)) call.reply = R"({"success":true})";
  return false;
}

void get_risk(Call& call) {
  const AccountState* state = call.account_state({.with_holdings = true});
  if (state == nullptr) return;
  const stores::RiskView risk = call.hot().risk(call.principal.agent).value_or(stores::RiskView());
  const RiskScore score = score_of(call, risk, *state);
  JsonWriter json(call.reply);
  json.begin_object().key("agent_id").text(agent_name(call.principal.agent));
  write_number(json.key("overall_score"), score.overall(), kScoreDigits);
  json.key("level").text(level_of(score.overall()));
  json.key("breakdown").begin_object();
  write_number(json.key("exposure"), score.exposure, kScoreDigits);
  write_number(json.key("daily_loss"), score.daily_loss, kScoreDigits);
  write_number(json.key("drawdown"), score.drawdown, kScoreDigits);
  write_number(json.key("leverage"), score.leverage, kScoreDigits);
  json.end_object().end_object();
}

void get_risk_limits(Call& call) {
  JsonWriter json(call.reply);
  write_risk_limits(json, *call.hot().risk(call.principal.agent));
}

bool prepare_risk_limits(Call& call) {
  Command& command = add_submission(call).command;
  command = Command(CommandType::set_risk_limits, call.principal.agent);
  command.set_risk_limits = SetRiskLimits();
  SetRiskLimits& set = command.set_risk_limits;
  set.fields = 0;
  const auto take = [&](std::string_view name, RiskLimit limit, Micro& amount) {
    if (!input(call, name).is_present) return;
    amount = money_of(call, name);
    set.fields |= risk_bit(limit);
  };
  take("max_position_size", RiskLimit::position, set.limits.position_max);
  take("max_total_exposure", RiskLimit::exposure, set.limits.exposure_max);
  take("max_daily_loss", RiskLimit::daily_loss, set.limits.daily_loss_max);
  const Value& leverage = input(call, "max_leverage");
  if (leverage.is_present) {
    set.limits.leverage_max = static_cast<uint16_t>(leverage.number);
    set.fields |= risk_bit(RiskLimit::leverage);
  }
  if (set.fields != 0) return true;
  call.submissions.clear();  // nothing given: the limits as they are
  return complete_risk_limits(call) || true;
}

bool complete_risk_limits(Call& call) {
  if (!call.submissions.empty() && !is_done(call)) return false;
  JsonWriter json(call.reply);
  json.begin_object().key("success").boolean(true).key("limits");
  write_risk_limits(json, *call.hot().risk(call.principal.agent));
  json.end_object();
  return false;
}

void list_violations(Call& call) {
  const std::size_t limit = limit_of(call, kViolationsDefault);
  auto rows = call.hot().violations(call.principal.agent, limit);
  if (!add_past_violations(call, call.principal.agent, limit, rows)) return;
  JsonWriter json(call.reply);
  json.begin_object().key("violations");
  write_array(json, rows, [&](const auto& row) { write_violation(json, row); });
  json.end_object();
}

}  // namespace perpetua::gateway::hub
