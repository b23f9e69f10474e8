#include <algorithm>

#include "engine/schema/position.hpp"
#include "gateway/hub/format.hpp"
#include "gateway/hub/render.hpp"
#include "stores/activity/activity.hpp"

namespace perpetua::gateway::hub {
namespace {

using stores::HotStore;
using stores::PositionCloseReason;
using stores::PositionRecord;

constexpr unsigned kPercentDigits = 2;
constexpr int64_t kPercentScale = 10'000;  // 1 = 10,000 hundredths of a percent
constexpr unsigned kRatioDigits = 6;

Position legs_of(const PositionRecord& record) {
  return {record.base, record.entry_notional, record.margin};
}

std::string_view close_reason_name(PositionCloseReason reason) {
  switch (reason) {
    case PositionCloseReason::stop_loss:
      return "stop_loss";
    case PositionCloseReason::take_profit:
      return "take_profit";
    case PositionCloseReason::liquidation:
      return "liquidation";
    default:
      return "manual";  // a settled market too: clients know these four
  }
}

void write_ending(JsonWriter& json, const PositionRecord& record, const MarketSpec& spec) {
  json.key("is_open").boolean(record.is_open());
  if (record.is_open()) {
    json.key("close_price").null();
    json.key("close_reason").null();
  } else {
    write_average(json.key("close_price"), record.closed_value, record.closed_lots, spec);
    json.key("close_reason").text(close_reason_name(record.close_reason));
  }
  json.key("created_at");
  write_time(json, record.opened_at_ms);
  write_time_or_null(json.key("closed_at"), record.closed_at_ms);
}

void write_worth(JsonWriter& json, const HotStore& hot, const PositionRecord& record,
                 const MarketSpec& spec) {
  if (!record.is_open()) {
    write_average(json.key("current_price"), record.closed_value, record.closed_lots, spec);
    write_money(json.key("unrealized_pnl"), Micro(0));
    write_money(json.key("unrealized_pnl_pct"), Micro(0));
    write_money(json.key("realized_pnl"), record.realised_pnl);
    return;
  }
  const PositionWorth worth = worth_of(hot, record);
  write_price(json.key("current_price"), worth.mark, spec);
  write_money(json.key("unrealized_pnl"), worth.pnl);
  write_percent(json.key("unrealized_pnl_pct"), worth.pnl, record.margin);
  json.key("realized_pnl");
  if (record.closed_lots.value == 0) {
    json.null();
  } else {
    write_money(json, record.realised_pnl);
  }
}

}  // namespace

int64_t average_price_e9(Micro notional, Lots lots, const MarketSpec& spec) {
  const Int128 size_e9 = static_cast<Int128>(lots.value) * spec.lot_size_e9;
  const Int128 scaled = static_cast<Int128>(notional.value) * 1'000'000'000 * 1'000;
  return static_cast<int64_t>((scaled + size_e9 / 2) / size_e9);
}

JsonWriter& write_average(JsonWriter& json, Micro notional, Lots lots, const MarketSpec& spec) {
  if (lots.value == 0) return json.null();
  return write_number(json, average_price_e9(notional, lots, spec), kGridDigits);
}

JsonWriter& write_percent(JsonWriter& json, Micro part, Micro whole) {
  const Int128 scaled = static_cast<Int128>(part.value) * kPercentScale;
  const int64_t value = whole.value <= 0 ? 0 : static_cast<int64_t>(scaled / whole.value);
  return write_number(json, value, kPercentDigits);
}

int64_t leverage_of(const PositionRecord& record) {
  if (record.margin.value <= 0) return 1;
  const Int128 entry = record.entry_notional.value, margin = record.margin.value;
  return std::max<int64_t>(1, static_cast<int64_t>((entry * 2 + margin) / (margin * 2)));
}

PositionWorth worth_of(const HotStore& hot, const PositionRecord& record) {
  const MarketSpec& spec = *hot.market_spec(record.market);
  const Position position = legs_of(record);
  PositionWorth worth;
  worth.mark = hot.mark(record.market);
  worth.notional = notional_at(position, worth.mark, spec);
  worth.pnl = unrealised_pnl(position, worth.notional);
  worth.equity = equity_at(position, worth.notional);
  worth.maintenance = maintenance_margin(worth.notional, MarketRules(spec));
  return worth;
}

Price liquidation_price_of(const HotStore& hot, const PositionRecord& record) {
  const MarketSpec& spec = *hot.market_spec(record.market);
  const Price price = liquidation_price(legs_of(record), MarketRules(spec));
  return price > spec.price_max ? Price(0) : price;
}

Guards find_guards(const HotStore& hot, AgentId agent, MarketId market) {
  Guards guards;
  for (const stores::TriggerView& row :
       hot.triggers(agent, market, 0, stores::hot_limits::kPageMax)) {
    const TriggerChanged& trigger = row.trigger;
    if (trigger.is_protective == 0) continue;
    const bool is_stop = trigger.kind == TriggerKind::stop;
    // Of two that close a long by selling, the higher stop and the lower take-profit act first.
    const bool highest = (trigger.side == Side::sell) == is_stop;
    Price& kept = is_stop ? guards.stop_loss : guards.take_profit;
    const bool is_first = kept.value == 0 || (highest ? trigger.at > kept : trigger.at < kept);
    if (is_first) kept = trigger.at;
  }
  return guards;
}

std::vector<PositionRecord> open_positions(const HotStore& hot, const stores::AccountState& state) {
  std::vector<PositionRecord> rows;
  for (const stores::PositionView& holding : state.holdings) {
    if (holding.base == Lots(0)) continue;
    auto record = hot.activity().positions().open(holding.agent, holding.market);
    if (!record) continue;  // ended since
    // Of the other side it is the next one already.
    if ((record->base.value < 0) == (holding.base.value < 0)) {
      record->base = holding.base;
      record->entry_notional = holding.entry_notional;
      record->margin = holding.margin;
    }
    rows.push_back(*record);
  }
  return rows;
}

void write_position(JsonWriter& json, const HotStore& hot, const PositionRecord& record) {
  const Guards guards = record.is_open() ? find_guards(hot, record.agent, record.market)
                                         : Guards{record.stop_loss, record.take_profit};
  write_position(json, hot, record, guards);
}

void write_position(JsonWriter& json, const HotStore& hot, const PositionRecord& record,
                    const Guards& guards) {
  const MarketSpec& spec = *hot.market_spec(record.market);
  const std::string_view side = record.base.value < 0 ? "short" : "long";
  const Lots size = record.base.value < 0 ? -record.base : record.base;
  const int64_t leverage = leverage_of(record);
  json.begin_object();
  json.key("position_id").text(id_text(IdKind::position, record.id));
  json.key("agent_id").text(agent_name(record.agent));
  json.key("vault_id").null();
  json.key("asset").text(asset_name(spec));
  json.key("side").text(side);
  json.key("direction").text(side);
  write_money(json.key("size_usdc"), record.entry_notional);
  write_money(json.key("margin"), record.margin);
  write_number(json.key("margin_ratio"), kPpm / leverage, kRatioDigits);
  write_average(json.key("entry_price"), record.entry_notional, size, spec);
  json.key("leverage").number(leverage);
  write_worth(json, hot, record, spec);
  write_price(json.key("liquidation_price"), liquidation_price_of(hot, record), spec);
  write_price_or_null(json.key("stop_loss"), guards.stop_loss, spec);
  write_price_or_null(json.key("take_profit"), guards.take_profit, spec);
  write_ending(json, record, spec);
  json.end_object();
}

}  // namespace perpetua::gateway::hub
