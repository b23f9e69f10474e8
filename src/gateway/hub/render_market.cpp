#include <cstdio>

#include "gateway/hub/format.hpp"
#include "gateway/hub/render.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr unsigned kTradeBits = 40;  // trade ids of a market, in the id of a match
constexpr unsigned kPpbDigits = 9;
constexpr int64_t kPpbPerRateUnit = 1'000;  // "0.0001%" is a millionth
constexpr int64_t kRateUnitsPerPercent = 10'000;

}  // namespace

uint64_t match_number(MarketId market, uint64_t trade_id) {
  return static_cast<uint64_t>(market) << kTradeBits | trade_id;
}

std::string rate_text(int64_t rate_ppb) {
  const bool is_negative = rate_ppb < 0;
  const int64_t units =
      ((is_negative ? -rate_ppb : rate_ppb) + kPpbPerRateUnit / 2) / kPpbPerRateUnit;
  char out[40];
  std::snprintf(out, sizeof out, "%s%lld.%04lld%%", is_negative && units > 0 ? "-" : "",
                static_cast<long long>(units / kRateUnitsPerPercent),
                static_cast<long long>(units % kRateUnitsPerPercent));
  return out;
}

void write_asset_price(JsonWriter& json, const stores::MarketView& market) {
  const MarketSpec& spec = market.spec;
  constexpr int64_t kHundredths = 10'000;  // of a percent, in one
  constexpr unsigned kPercentDigits = 2;
  const int64_t change = market.open_24h.value == 0
                             ? 0
                             : market.change_24h.value * kHundredths / market.open_24h.value;
  json.begin_object();
  json.key("asset").text(short_asset_name(spec));
  write_price(json.key("price"), market.mark, spec);
  write_number(json.key("change_24h"), change, kPercentDigits);
  write_money(json.key("volume_24h"), market.volume_24h_notional);
  write_time(json.key("timestamp"), market.price_time_ms);
  json.key("source").text("perpetua");
  write_time(json.key("last_update"), market.price_time_ms);
  write_price(json.key("mark_price"), market.mark, spec);
  write_price(json.key("index_price"), market.index, spec);
  json.end_object();
}

void write_funding_rate(JsonWriter& json, const MarketSpec& spec, int64_t rate_ppb, int64_t time_ms,
                        int64_t next_ms) {
  json.begin_object();
  json.key("asset").text(asset_name(spec));
  write_number(json.key("rate"), rate_ppb, kPpbDigits);
  json.key("rate_pct").text(rate_text(rate_ppb));
  write_time(json.key("timestamp"), time_ms);
  write_time(json.key("next_settlement"), next_ms);
  json.end_object();
}

void write_funding_payment(JsonWriter& json, const stores::HotStore& hot,
                           const stores::FundingPaymentView& payment) {
  const MarketSpec& spec = *hot.market_spec(payment.market);
  const Lots size = payment.base.value < 0 ? -payment.base : payment.base;
  json.begin_object();
  json.key("payment_id").text(id_text(IdKind::funding, payment.sequence));
  json.key("agent_id").text(agent_name(payment.agent));
  json.key("asset").text(asset_name(spec));
  json.key("side").text(payment.base.value < 0 ? "short" : "long");
  write_money(json.key("size"), notional(payment.index, size, spec.value_per_tick_lot_micro));
  json.key("rate").text(rate_text(payment.rate_ppb));
  write_money(json.key("amount"), payment.amount);
  write_time(json.key("timestamp"), payment.time_ms);
  json.end_object();
}

}  // namespace perpetua::gateway::hub
