// render_*: funding, liquidations, insurance funds, alerts and the money of the exchange to JSON.
//
// The rules of render.hpp. Rates and premiums are fractions with nine digits ("0.0000125" is
// 0.00125 %). REQUIRES: the market of a view is known to the directory. Pure; thread-safe.
#pragma once

#include <string>

#include "gateway/codec/json_writer.hpp"
#include "gateway/codec/markets.hpp"
#include "stores/views.hpp"

namespace perpetua::gateway {

// The members of `exchange_status`, without the object around them.
void write_status_fields(JsonWriter& json, const stores::MarketView& view);
// The same in plain words.
std::string_view status_text(const stores::MarketView& view);
void render_market_status(std::string& out, const stores::MarketView& view);

struct StatusReport {
  BatchNumber applied_batch = 0;
  int64_t time_ms = 0;
  const std::vector<stores::MarketView>& markets;
};
void render_exchange_status(std::string& out, const StatusReport& report);

void render_funding(std::string& out, const stores::MarketView& view);
void render_funding_hour(std::string& out, const stores::FundingView& view, const MarketSpec& spec);
void render_funding_payment(std::string& out, const stores::FundingPaymentView& view,
                            const MarketSpec& spec);
void render_liquidation(std::string& out, const stores::LiquidationView& view,
                        const MarketSpec& spec);
void render_insurance(std::string& out, const stores::MarketView& view,
                      const std::vector<stores::FundChangeView>& recent);
void render_fund_change(std::string& out, const stores::FundChangeView& view,
                        const MarketSpec& spec);
void render_position_change(std::string& out, const stores::PositionChangeView& view,
                            const MarketSpec& spec);
void render_alert(std::string& out, const stores::AlertView& view, const MarketSpec& spec);
void render_solvency(std::string& out, const stores::SolvencyView& view,
                     const MarketDirectory& markets);

}  // namespace perpetua::gateway
