#include "mix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>


namespace perpetua::model {

namespace {

uint32_t& weight(Mix& mix, CommandType type) { return mix.weights[static_cast<std::size_t>(type)]; }

// What drives the perpetual: clock, prices, status, margins.
void draw_prices(Random& random, Mix& mix) {
  mix.run_per_mille = random.pick({0u, 10u, 50u, 200u});
  mix.skew_ppm = random.pick<int64_t>({0, 0, 0, 3'000, 20'000, 150'000, 450'000});
  mix.pace_ms = random.pick<int64_t>({60, 60, 1'000, 7'000, 9'000});
  mix.lag_per_mille = random.pick({0u, 2u, 20u});
  mix.idle_per_mille = random.pick({0u, 0u, 10u});
  if (mix.idle_per_mille > 0) mix.skew_ppm = random.pick<int64_t>({20'000, 150'000, 450'000});
  if (random.chance(50)) mix.skew_ppm = -mix.skew_ppm;
  mix.jump_per_mille = random.pick({0u, 1u, 3u});
  mix.tick_percent = random.pick({0u, 20u, 100u});
  mix.full_leverage_percent = random.pick({0u, 30u, 90u});
  mix.endows = random.chance(50);
  mix.settles = random.chance(20);
  mix.has_crises = random.chance(35);
  if (mix.has_crises) {
    if (!mix.hoards && !mix.floods) mix.agents = random.pick({3u, 5u, 12u});
    mix.pace_ms = 60;
    mix.full_leverage_percent = 90;
    mix.netting_percent = 100;
    mix.reduce_only_percent = 35;
    mix.volatility_ppm = 500;
    mix.run_per_mille = 0;
    mix.idle_per_mille = 0;
    mix.wealth_percent = std::max(mix.wealth_percent, 3'000u);
    mix.settles = random.chance(40);
  }
  weight(mix, CommandType::adjust_margin) = random.pick({2u, 30u, 150u});
  weight(mix, CommandType::tick) = random.pick({0u, 10u, 100u});
  weight(mix, CommandType::set_market_mode) = random.pick({0u, 1u, 10u});
  weight(mix, CommandType::fund_insurance) = random.pick({0u, 1u, 5u});
  if (mix.has_crises) weight(mix, CommandType::set_market_mode) = 10;
}

// Triggers, switches, limits of keys and agents, bets, changes of markets.
void draw_safety(Random& random, Mix& mix) {
  mix.bracket_percent = random.pick({0u, 5u, 40u});
  mix.key_id_percent = random.pick({0u, 0u, 20u, 90u});
  weight(mix, CommandType::place_trigger) = random.pick({0u, 20u, 200u});
  weight(mix, CommandType::cancel_all_after) = random.pick({0u, 2u, 20u});
  weight(mix, CommandType::set_key_limits) = random.pick({0u, 5u, 40u});
  weight(mix, CommandType::change_market) = random.pick({0u, 0u, 3u});
  mix.risk_percent = random.pick({0u, 0u, 20u, 80u});
  weight(mix, CommandType::set_risk_limits) = random.pick({0u, 2u, 30u});
  weight(mix, CommandType::create_signal) = random.pick({0u, 5u, 60u});
  weight(mix, CommandType::fade_signal) = random.pick({2u, 5u, 40u});
  if (!mix.hoards) return;
  mix.settles = false;
  mix.risk_percent = 0;
  weight(mix, CommandType::set_risk_limits) = 0;
  for (const CommandType type : {CommandType::cancel_all_after, CommandType::set_key_limits,
                                 CommandType::change_market, CommandType::set_market_mode}) {
    weight(mix, type) = 0;
  }
}

}  // namespace

Mix draw_mix(Random& random) {
  Mix mix;
  mix.markets = random.pick({1u, 1u, 2u, 3u, 5u});
  mix.agents = random.pick({2u, 3u, 5u, 12u, 40u, 200u});
  mix.batch_max = random.pick({1u, 4u, 20u, 60u, 300u});
  mix.burst_percent = random.pick({0u, 30u, 60u, 90u});
  mix.key_percent = random.pick({0u, 10u, 50u});
  mix.client_id_percent = random.pick({0u, 10u, 60u});
  mix.repeat_per_mille = random.pick({0u, 10u, 60u});
  mix.hostile_per_mille = random.pick({0u, 5u, 50u});
  mix.netting_percent = random.pick({0u, 30u, 70u, 100u});
  mix.home_side_percent = random.pick({0u, 50u, 90u});
  mix.reduce_only_percent = random.pick({3u, 10u, 35u});
  mix.volatility_ppm = random.pick({50u, 500u, 3'000u, 30'000u});
  mix.wealth_percent = random.pick({5u, 50u, 300u, 3'000u, 100'000u});
  mix.margin_use_max_ppm = random.pick({800'000u, 800'000u, 1'000'000u, 500'000u, 1u, 999'999u});
  if (mix.margin_use_max_ppm == 1 && random.chance(70)) mix.margin_use_max_ppm = 800'000;
  mix.configures = random.chance(80);
  if (!mix.configures) mix.margin_use_max_ppm = 800'000;
  mix.hoards = random.chance(8);
  mix.floods = !mix.hoards && random.chance(10);
  if (mix.hoards) mix.wealth_percent = 100'000;
  if (mix.floods) mix.agents = 1'300;
  draw_prices(random, mix);
  draw_safety(random, mix);
  weight(mix, CommandType::place_order) = static_cast<uint32_t>(random.between(300, 900));
  weight(mix, CommandType::amend_order) = random.pick({10u, 80u, 250u});
  weight(mix, CommandType::cancel_order) = mix.hoards ? 20 : random.pick({30u, 100u, 300u});
  weight(mix, CommandType::cancel_all) = mix.hoards ? 0 : random.pick({0u, 2u, 20u});
  weight(mix, CommandType::update_price) = random.pick({5u, 30u, 150u});
  weight(mix, CommandType::deposit) = random.pick({2u, 20u});
  weight(mix, CommandType::withdraw) = random.pick({2u, 40u});
  weight(mix, CommandType::transfer) = random.pick({2u, 40u});
  weight(mix, CommandType::claim_faucet) = random.pick({1u, 10u});
  weight(mix, CommandType::set_leverage) = random.pick({1u, 20u});
  weight(mix, CommandType::set_netting) = random.pick({1u, 20u});
  weight(mix, CommandType::post_thought) = random.pick({1u, 15u});
  weight(mix, CommandType::register_agent) = random.pick({0u, 2u, 10u});
  weight(mix, CommandType::create_key) = random.pick({1u, 10u});
  weight(mix, CommandType::revoke_key) = random.pick({1u, 5u});
  weight(mix, CommandType::create_market) = random.pick({0u, 1u});
  weight(mix, CommandType::configure) = random.pick({0u, 1u});
  weight(mix, CommandType::none) = random.pick({0u, 1u});
  return mix;
}

MarketSpec draw_spec(Random& random, uint32_t number) {
  MarketSpec spec;
  const std::string symbol = fmt::format("M{}-PERP", number);
  std::copy(symbol.begin(), symbol.end(), spec.symbol.begin());
  const int64_t value = random.pick<int64_t>({1, 1, 7, 100, 1'000, 12'345, 1'000'000});
  spec.tick_size_e9 = value * 1'000'000;
  spec.lot_size_e9 = 1'000'000;
  spec.value_per_tick_lot_micro = value;
  const int64_t lowest = (limits::kLeverageMax + value - 1) / value;
  const bool is_narrow = random.chance(20);
  spec.price_min = Price(lowest + (random.chance(30) ? 0 : random.spread(5'000)));
  spec.price_max = Price(is_narrow ? spec.price_min.value + random.between(1, 40)
                                   : random.between(spec.price_min.value + 100,
                                                    limits::kPriceMaxTicks));
  if (random.chance(20)) spec.price_max = Price(limits::kPriceMaxTicks);
  const int64_t middle = (spec.price_min.value + spec.price_max.value) / 2 * value;
  spec.notional_min = Micro(random.chance(30) ? 1 : middle * random.between(1, 4));
  const int64_t lots_max = random.pick<int64_t>({60, 500, 5'000, 1'000'000, 1'000'000'000'000});
  const Int128 largest = static_cast<Int128>(middle) * lots_max;
  const Int128 cap = limits::kNotionalMaxMicro;
  spec.position_notional_max = Micro(static_cast<int64_t>(std::min(largest, cap)));
  spec.position_notional_max = std::max(spec.position_notional_max, spec.notional_min);
  spec.taker_fee_ppm = random.pick({0u, 500u, 500u, 10'000u});
  spec.maker_fee_ppm = random.pick({0u, spec.taker_fee_ppm * 2 / 5, spec.taker_fee_ppm});
  spec.price_band_ppm = random.pick({1'000u, 50'000u, 200'000u, 200'000u, 900'000u});
  spec.slippage_max_ppm = random.pick({1'000u, 100'000u, 900'000u});
  spec.slippage_default_ppm = random.pick({1u, 1'000u, spec.slippage_max_ppm});
  spec.sell_reserve_buffer_ppm = random.pick({0u, 0u, 1'000u, 10'000u, 300'000u});
  spec.tier_count = static_cast<uint32_t>(random.between(1, 4));
  const int64_t most = spec.position_notional_max.value;
  spec.mark_band_ppm = random.pick({1u, 1'000u, 50'000u, 50'000u, 50'000u, 300'000u});
  spec.impact_notional = Micro(
      random.pick<int64_t>({1, middle * 3, middle * 3, most / 100 + 1, most / 3 + 1}));
  spec.liquidation_per_minute_max = Micro(random.pick<int64_t>({0, most / 50, most, INT64_MAX}));
  spec.fund_notional_max =
      Micro(random.pick<int64_t>({0, most / 100, most, limits::kNotionalMaxMicro}));
  uint32_t leverage = random.pick({3u, 10u, 50u, 100u, 100u});
  int64_t lower = 0;
  for (uint32_t n = 0; n < spec.tier_count; ++n) {
    spec.tiers[n] = {lower, leverage, 0};
    if (leverage == 1) {
      spec.tier_count = n + 1;
      break;
    }
    leverage = static_cast<uint32_t>(random.between((leverage + 1) / 3 + 1, leverage)) - 1;
    leverage = std::max(leverage, 1u);
    lower += 1 + (random.chance(75) ? most / 100 * random.between(3, 30)
                                    : random.spread(most / 2 + 1));
  }
  spec.default_leverage =
      static_cast<uint32_t>(random.between(1, spec.tiers[0].max_leverage));
  return spec;
}

}  // namespace perpetua::model
