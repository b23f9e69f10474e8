// Objects of the root API, as docs/hub-api.md lists them: what views and records look like to
// agents of the hub. Numbers are exact decimals, made from integers.
//
// Each function writes one JSON value. What is not in the view comes from the hot store, read as it
// is now. Thread-safe.
#pragma once

#include <optional>
#include <string>

#include "gateway/codec/json_writer.hpp"
#include "stores/account_state.hpp"
#include "stores/activity/activity_views.hpp"
#include "stores/memory/hot_store.hpp"

namespace perpetua::stores {
struct RankedAgent;
}

namespace perpetua::gateway::hub {

// render_agent.cpp
void write_agent(JsonWriter& json, const stores::HotStore& hot, const stores::AgentView& agent);
// The fifteen members alone, into an object that is open.
void write_agent_members(JsonWriter& json, const stores::HotStore& hot,
                         const stores::AgentView& agent);
// With the members of a single read: open positions and balance.
void write_agent_detail(JsonWriter& json, const stores::HotStore& hot,
                        const stores::AgentView& agent, const stores::AccountState& state);

// render_position.cpp
// What closes a position by itself; 0 = nothing.
struct Guards {
  Price stop_loss;
  Price take_profit;
};
// Of the live triggers of an agent in a market, those that act first.
Guards find_guards(const stores::HotStore& hot, AgentId agent, MarketId market);
// The open ones of an account, by market id: what they hold as the account says it, since when and
// what they realised from memory.
std::vector<stores::PositionRecord> open_positions(const stores::HotStore& hot,
                                                   const stores::AccountState& state);
void write_position(JsonWriter& json, const stores::HotStore& hot,
                    const stores::PositionRecord& record, const Guards& guards);
// With the guards it has now, or had at its end.
void write_position(JsonWriter& json, const stores::HotStore& hot,
                    const stores::PositionRecord& record);
// Its worth at the mark. REQUIRES: open.
struct PositionWorth {
  Price mark;
  Micro notional;
  Micro pnl;
  Micro equity;
  Micro maintenance;
};
PositionWorth worth_of(const stores::HotStore& hot, const stores::PositionRecord& record);
int64_t leverage_of(const stores::PositionRecord& record);  // rounded, at least 1
// 0: none that the market can show.
Price liquidation_price_of(const stores::HotStore& hot, const stores::PositionRecord& record);
// In 10^-9 USDC, rounded to the nearest. REQUIRES: lots above zero.
int64_t average_price_e9(Micro notional, Lots lots, const MarketSpec& spec);
JsonWriter& write_average(JsonWriter& json, Micro notional, Lots lots, const MarketSpec& spec);
JsonWriter& write_percent(JsonWriter& json, Micro part, Micro whole);  // 12.34; whole 0: 0.0

// render_intent.cpp
std::string_view intent_status(const stores::IntentView& intent);
void write_intent(JsonWriter& json, const stores::HotStore& hot, const stores::IntentView& intent);
void write_match(JsonWriter& json, const stores::HotStore& hot, const stores::MatchView& match);
void write_thought(JsonWriter& json, const stores::HotStore& hot,
                   const stores::TradeThought& thought, bool with_agent);
std::string intent_action(Side side, const MarketSpec& spec);  // "LONG BTC-PERP"

struct FeeObject {
  uint64_t sequence = 0;  // of the fill
  std::string_view type;  // taker, maker
  AgentId agent = 0;
  Micro amount;
  Micro trade_size;
  uint32_t rate_ppm = 0;
  MarketId market = kNoMarket;
  uint64_t trade_id = 0;
  int64_t time_ms = 0;
};
void write_fee(JsonWriter& json, const FeeObject& fee);
std::string percent_text(int64_t ppm, unsigned digits);  // 500, 3 -> "0.050%"

// render_market.cpp
uint64_t match_number(MarketId market, uint64_t trade_id);
void write_asset_price(JsonWriter& json, const stores::MarketView& market);
void write_funding_rate(JsonWriter& json, const MarketSpec& spec, int64_t rate_ppb, int64_t time_ms,
                        int64_t next_ms);
void write_funding_payment(JsonWriter& json, const stores::HotStore& hot,
                           const stores::FundingPaymentView& payment);
std::string rate_text(int64_t rate_ppb);  // "0.0013%"

// render_risk.cpp
void write_liquidation(JsonWriter& json, const stores::HotStore& hot,
                       const stores::LiquidationView& step);
void write_violation(JsonWriter& json, const stores::ViolationView& violation);
void write_risk_limits(JsonWriter& json, const stores::RiskView& risk);

struct AlertObject {
  uint64_t sequence = 0;
  AgentId agent = 0;
  std::string_view type;
  std::string message;
  std::string_view severity;
  int64_t time_ms = 0;
};
uint64_t alert_number(AgentId agent, uint64_t sequence);
AgentId alert_owner(uint64_t number);
uint64_t alert_sequence(uint64_t number);
void write_alert(JsonWriter& json, const AlertObject& alert);

}  // namespace perpetua::gateway::hub
