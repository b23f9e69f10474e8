// render_*: views and outcomes to JSON objects, appended to a string.
//
// Each function writes one complete object. Prices, sizes and money are exact decimal strings in
// the units of their market; ids are strings; times are milliseconds since 1970. Averages and
// entry prices are quotients: they are cut (towards zero) to six digits and never used to reckon.
// REQUIRES: the market of a view is known to the directory. Pure; thread-safe.
#pragma once

#include <string>

#include "gateway/codec/json_writer.hpp"
#include "gateway/codec/markets.hpp"
#include "stores/views.hpp"

namespace perpetua::gateway {

void render_agent(std::string& out, const stores::AgentView& view);
void render_key(std::string& out, const stores::KeyView& view, const MarketDirectory& markets);

struct AccountTotals {
  Micro unrealised_pnl;  // of all positions, at mark
  uint32_t open_orders = 0;
};
void render_account(std::string& out, const stores::AccountView& view, const AccountTotals& totals);

void render_market(std::string& out, const stores::MarketView& view);
void render_ticker(std::string& out, const stores::MarketView& view);  // the moving part alone
void render_index_price(std::string& out, const stores::MarketView& view);
void render_book(std::string& out, const stores::BookView& view, const MarketSpec& spec);
void render_trade(std::string& out, const stores::TradeView& view, const MarketSpec& spec);
void render_candle(std::string& out, const stores::CandleView& view, const MarketSpec& spec);

void render_order(std::string& out, const stores::OrderView& view, const MarketSpec& spec);
void render_fill(std::string& out, const stores::FillView& view, const MarketSpec& spec);
void render_position(std::string& out, const stores::PositionView& view, const MarketSpec& spec);
void render_ledger_entry(std::string& out, const stores::LedgerEntryView& view);
void render_thought(std::string& out, const stores::ThoughtView& view,
                    const MarketDirectory& markets);

// The reply to a command that was not refused: a pure function of (command, outcome), so a repeat
// gets the same body with "replayed": true. REQUIRES: outcome.code == ok. register_agent and
// create_key leave the object open-ended for the key: see render_new_key.
void render_outcome(std::string& out, const Command& command, const Outcome& outcome,
                    const MarketDirectory& markets);

// register_agent and create_key. `api_key` empty: a repeat, the key was shown once.
void render_new_key(std::string& out, const Command& command, const Outcome& outcome,
                    std::string_view api_key, const MarketDirectory& markets);

// One entry of a batch reply: the outcome, or {"error": {...}}.
void render_batch_entry(std::string& out, const Command& command, const Outcome& outcome,
                        const MarketDirectory& markets);

// notional / (lots x lot size) with six digits, "0" lots: null.
void write_average_price(JsonWriter& json, Micro notional_micro, Lots lots, const MarketSpec& spec);
// What has filled of an order: members filled, remaining, filled_usdc, average_price, fee.
void write_filled(JsonWriter& json, const stores::OrderView& view, const MarketSpec& spec);
void write_close_reason(JsonWriter& json, CloseReason reason);  // none: null
void write_scopes(JsonWriter& json, uint8_t scopes);

}  // namespace perpetua::gateway
