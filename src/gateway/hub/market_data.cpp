// Prices, candles, and the statistics of the whole exchange.
#include <algorithm>

#include "engine/market/liquidation.hpp"
#include "gateway/hub/trading_handlers.hpp"
#include "stores/history/history_reader.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr std::size_t kCandlesDefault = 100;
constexpr std::size_t kFeeRecordsMax = 100;
constexpr int64_t kFeeSavedPpm = 250;  // an outside venue's fee less ours: the hub's figure

bool has_price(const stores::MarketView& market) { return market.mark.value != 0; }

// Which limit of the agent, what it is, and what the order would have made of it.
bool refuse_by_limit(Call& call) {
  const Outcome& outcome = outcome_of(call);
  const auto limit = static_cast<RiskLimit>(outcome.values[0]);
  const auto text = [&](int64_t value) {
    if (limit == RiskLimit::leverage) return std::to_string(value);
    std::string out;
    append_number(out, value, kMicroDigits);
    return out;
  };
  const std::string name(wire_name(limit));
  const std::string value = text(outcome.values[1]), allowed = text(outcome.values[2]);
  refuse(call, kLimitExceeded,
         "Risk limit exceeded: " + name + " is " + allowed + ", this would be " + value);
  call.refusal.siblings.emplace_back("name", "\"" + name + "\"");
  call.refusal.siblings.emplace_back("limit", allowed);
  call.refusal.siblings.emplace_back("value", value);
  return false;
}

Micro fee_saved(Micro traded) { return Micro(mul_div_floor(traded.value, kFeeSavedPpm, kPpm)); }

void write_fee_total(JsonWriter& json, std::string_view name, const stores::FeeTotal& total) {
  json.key(name).begin_object();
  json.key("count").number(static_cast<int64_t>(total.count));
  write_money(json.key("total"), total.total);
  json.end_object();
}

void write_fees(Call& call, JsonWriter& json, const stores::ExchangeStatistics& all) {
  const Micro own = all.taker.total + all.maker.total;
  const MarketSpec* spec = call.hot().market_spec(0);
  const MarketSpec rates = spec == nullptr ? MarketSpec() : *spec;
  json.begin_object();
  write_money(json.key("total_collected"), own + all.funding.total + all.liquidation.total);
  write_money(json.key("treasury_balance"), own);
  json.key("by_type").begin_object();
  write_fee_total(json, "taker", all.taker);
  write_fee_total(json, "maker", all.maker);
  write_fee_total(json, "funding", all.funding);
  write_fee_total(json, "liquidation", all.liquidation);
  json.end_object();
  json.key("config").begin_object();
  json.key("taker_rate").text(percent_text(rates.taker_fee_ppm, 3));
  json.key("maker_rate").text(percent_text(rates.maker_fee_ppm, 3));
  json.key("liquidation_rate").text(percent_text(kLiquidationFeePpm, 2));
  json.end_object().end_object();
}

// Memory begins with the process: what is missing there is older, and in the history. False: the
// answer has to wait for the disk, or is refused.
bool newest_fills(Call& call, AgentId agent, std::vector<stores::FillView>& rows) {
  rows = call.hot().fills(agent, kNoMarket, kFeeRecordsMax);
  const uint64_t known = call.hot().activity().statistics(agent).trades;
  if (rows.size() >= std::min<uint64_t>(known, kFeeRecordsMax)) return true;
  if (call.history() == nullptr) return true;
  if (!call.may_use_disk()) return false;
  const auto page = call.history()->fills(agent, kNoMarket, {{}, kFeeRecordsMax});
  if (page.status != stores::PageStatus::ok) {
    return call.fail(ResultCode::exchange_unavailable, {}, "the history cannot be read now");
  }
  const uint64_t oldest = rows.empty() ? UINT64_MAX : rows.back().sequence;
  for (const stores::FillView& fill : page.rows) {
    if (fill.sequence < oldest && rows.size() < kFeeRecordsMax) rows.push_back(fill);
  }
  return true;
}

void write_candle(JsonWriter& json, const stores::CandleView& candle, const MarketSpec& spec) {
  json.begin_object();
  json.key("timestamp").number(candle.open_time_ms);
  write_price(json.key("open"), candle.open, spec);
  write_price(json.key("high"), candle.high, spec);
  write_price(json.key("low"), candle.low, spec);
  write_price(json.key("close"), candle.close, spec);
  std::string volume = grid_text(candle.volume.value, spec.lot_size_e9);
  if (volume.find('.') == std::string::npos) volume += ".0";
  json.key("volume").raw(volume).end_object();
}

}  // namespace

std::size_t limit_of(const Call& call, std::size_t absent) {
  return static_cast<std::size_t>(number_or(input(call, "limit"), static_cast<int64_t>(absent)));
}

bool path_asset(Call& call, MarketId& market) {
  const auto found = find_asset(call.markets(), call.path_value("asset"));
  if (!found) return refuse(call, kNotFound, "Asset not found");
  market = *found;
  return true;
}

bool path_agent(Call& call, AgentId& agent) {
  const auto named = parse_agent_name(call.path_value("agent_id"));
  if (!named || !call.hot().account(*named)) return refuse(call, kNotFound, "Agent not found");
  agent = *named;
  return true;
}

bool require_open_market(Call& call, MarketId id) {
  const stores::MarketView market = *call.hot().market(id);
  const std::string asset(asset_name(market.spec));
  if (!has_price(market) || market.is_stale) {
    return refuse(call, kPriceUnavailable,
                  "Price feed unavailable for " + asset + ": nothing was done");
  }
  if (market.accepts_orders()) return true;
  return refuse(call, kMarketHalted, asset + " takes no orders now: nothing was done");
}

bool is_executed(Call& call) {
  if (outcome_of(call).code == ResultCode::limit_exceeded) return refuse_by_limit(call);
  return is_done(call);
}

void list_prices(Call& call) {
  int64_t last_ms = 0;
  JsonWriter json(call.reply);
  json.begin_object().key("prices").begin_object();
  for (const stores::MarketView& market : call.hot().markets()) {
    if (!has_price(market)) continue;
    last_ms = std::max(last_ms, market.price_time_ms);
    json.key(short_asset_name(market.spec));
    write_asset_price(json, market);
  }
  json.end_object();
  write_time_or_null(json.key("last_update"), last_ms);
  json.end_object();
}

void get_price(Call& call) {
  MarketId id = kNoMarket;
  if (!path_asset(call, id)) return;
  const stores::MarketView market = *call.hot().market(id);
  if (!has_price(market)) {
    refuse(call, kPriceUnavailable,
           "Price feed unavailable for " + std::string(asset_name(market.spec)));
    return;
  }
  JsonWriter json(call.reply);
  write_asset_price(json, market);
}

void list_candles(Call& call) {
  const auto market = find_asset(call.markets(), call.path_value("asset"));
  if (!market) {
    refuse(call, kBadRequest, "Unknown asset");
    return;
  }
  const Value& given = input(call, "interval");
  const auto interval = given.is_present ? static_cast<stores::CandleInterval>(given.number)
                                         : stores::CandleInterval::h1;
  const auto rows =
      call.hot().candles(*market, interval, 0, INT64_MAX, limit_of(call, kCandlesDefault));
  const MarketSpec& spec = *call.hot().market_spec(*market);
  JsonWriter json(call.reply);
  json.begin_object();
  json.key("asset").text(asset_name(spec));
  json.key("interval").text(stores::wire_name(interval));
  json.key("count").number(static_cast<int64_t>(rows.size()));
  json.key("candles");
  write_array(json, rows, [&](const auto& row) { write_candle(json, row, spec); });
  json.end_object();
}

void get_stats(Call& call) {
  const stores::ExchangeStatistics all = call.hot().activity().exchange();
  JsonWriter json(call.reply);
  json.begin_object();
  json.key("total_agents").number(static_cast<int64_t>(call.hot().totals().agents));
  json.key("active_agents").number(static_cast<int64_t>(all.active_agents));
  json.key("total_intents").number(static_cast<int64_t>(all.intents.total));
  json.key("open_intents").number(static_cast<int64_t>(all.intents.open));
  json.key("total_matches").number(static_cast<int64_t>(all.matches));
  write_money(json.key("total_volume"), all.volume);
  json.key("external_routed").number(0);
  write_money(json.key("external_volume"), Micro(0));
  write_money(json.key("external_fees"), Micro(0));
  json.key("internal_match_rate").text("100.0%");
  write_money(json.key("fee_saved_total"), fee_saved(all.volume));
  json.key("protocol_fees");
  write_fees(call, json, all);
  json.end_object();
}

void get_fees(Call& call) {
  JsonWriter json(call.reply);
  write_fees(call, json, call.hot().activity().exchange());
}

void list_agent_fees(Call& call) {
  AgentId agent = 0;
  if (!path_agent(call, agent)) return;
  std::vector<stores::FillView> fills;
  if (!newest_fills(call, agent, fills)) return;
  JsonWriter json(call.reply);
  json.begin_object();
  json.key("agent_id").text(agent_name(agent));
  write_money(json.key("total_paid"), call.hot().activity().statistics(agent).fees);
  json.key("records");
  write_array(json, fills, [&](const auto& fill) {
    const MarketSpec& spec = *call.hot().market_spec(fill.market);
    const bool is_forced = fill.cause != TradeCause::order && fill.is_taker;
    write_fee(json, {fill.sequence,
                     is_forced       ? "liquidation"
                     : fill.is_taker ? "taker"
                                     : "maker",
                     agent, fill.fee, fill.notional,
                     is_forced       ? kLiquidationFeePpm
                     : fill.is_taker ? spec.taker_fee_ppm
                                     : spec.maker_fee_ppm,
                     fill.market, fill.trade_id, fill.time_ms});
  });
  json.end_object();
}

}  // namespace perpetua::gateway::hub
