// render_*: triggers and intents to JSON.
//
// The rules of render.hpp. REQUIRES: the market of a view is known to the directory. Pure;
// thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/codec/json_writer.hpp"
#include "gateway/codec/markets.hpp"
#include "stores/views.hpp"

namespace perpetua::gateway {

// The terms of a trigger as the engine tells them, without the object around them.
void write_trigger_terms(JsonWriter& json, const TriggerChanged& trigger, const MarketSpec& spec);
void write_bracket_prices(JsonWriter& json, Price stop_loss, Price take_profit,
                          const MarketSpec& spec);
void render_trigger(std::string& out, const stores::TriggerView& view, const MarketSpec& spec);

// The reply to cancel_order that named a trigger. REQUIRES: outcome.code == ok.
void render_trigger_cancelled(std::string& out, const Outcome& outcome, const MarketSpec& spec);

// What has become of an intent: its order, the position that came of it, its triggers.
struct IntentLife {
  std::string_view status;     // of the intent: kIntentStatusChoices
  std::string_view closed_by;  // what ended its position; empty: nothing has
  OrderId closing_order = 0;   // the order whose fill did; 0: none
  int64_t closed_at_ms = 0;
  // The detail's alone.
  std::optional<Micro> realised_pnl;  // nullopt: not known
  std::vector<stores::FillView> fills;
  std::vector<stores::TriggerView> triggers;
};
void render_intent(std::string& out, const stores::OrderView& view, const IntentLife& life,
                   const MarketSpec& spec);
// With its realised PnL, fills and triggers.
void render_intent_detail(std::string& out, const stores::OrderView& view, const IntentLife& life,
                          const MarketSpec& spec);

}  // namespace perpetua::gateway
