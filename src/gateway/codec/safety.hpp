// Limits of keys, the dead-man's switch, changes of a market: requests, replies, refusals.
//
// As parse.hpp and render.hpp: pure, thread-safe; a parser returns false with one ApiError.
#pragma once

#include <boost/json/fwd.hpp>

#include "gateway/codec/json_writer.hpp"
#include "gateway/codec/parse.hpp"
#include "stores/views.hpp"

namespace perpetua::gateway {

// kKeyLimitFields; kSetKeyLimitsFields (the caller sets the key's id); kCancelAllAfterFields.
bool parse_key_limits(const object& body, const ParseContext& context, KeyLimits& limits,
                      ApiError& error);
bool parse_set_key_limits(const object& body, const ParseContext& context,
                          runtime::Submission& submission, ApiError& error);
bool parse_cancel_all_after(const object& body, const ParseContext& context,
                            runtime::Submission& submission, ApiError& error);
// kMarketChangeFields: the present contract with the given terms in place of its own.
bool parse_market_change(const object& body, MarketId market, const MarketSpec& present,
                         runtime::Submission& submission, ApiError& error);

// An object, or null without limits.
void write_key_limits(JsonWriter& json, const KeyLimits& limits, const MarketDirectory& markets);
// The members of kMarketTermFields.
void write_market_terms(JsonWriter& json, const MarketSpec& spec);
// An object, or null if nothing waits.
void write_pending_change(JsonWriter& json, const std::optional<stores::ScheduledChange>& change);

void render_switch(std::string& out, const stores::SwitchView& view, const MarketSpec& spec);
void render_market_change(std::string& out, const stores::MarketChangeView& view);

// The members of a reply to set_key_limits, cancel_all_after, change_market.
void write_safety_outcome(JsonWriter& json, const Command& command, const Outcome& outcome,
                          const MarketDirectory& markets);

// Names the limit and its figures in a key_limited.
void explain_key_limit(const Outcome& outcome, const MarketDirectory& markets, ApiError& error);

}  // namespace perpetua::gateway
