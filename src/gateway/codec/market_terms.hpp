// Wire names of the terms of a market that may be changed, and where its contract holds them.
#pragma once

#include <string_view>

#include "engine/schema/market_spec.hpp"

namespace perpetua::gateway {

struct FractionTerm {
  std::string_view name;
  uint32_t MarketSpec::*member;  // ppm
};
struct MoneyTerm {
  std::string_view name;
  Micro MarketSpec::*member;
};

inline constexpr FractionTerm kFractionTerms[] = {
    {"maker_fee", &MarketSpec::maker_fee_ppm},
    {"taker_fee", &MarketSpec::taker_fee_ppm},
    {"price_band", &MarketSpec::price_band_ppm},
    {"default_slippage", &MarketSpec::slippage_default_ppm},
    {"max_slippage", &MarketSpec::slippage_max_ppm},
    {"mark_band", &MarketSpec::mark_band_ppm},
};
inline constexpr MoneyTerm kMoneyTerms[] = {
    {"min_notional", &MarketSpec::notional_min},
    {"max_position_notional", &MarketSpec::position_notional_max},
    {"impact_notional", &MarketSpec::impact_notional},
    {"max_liquidations_per_minute", &MarketSpec::liquidation_per_minute_max},
    {"max_fund_notional", &MarketSpec::fund_notional_max},
};

}  // namespace perpetua::gateway
