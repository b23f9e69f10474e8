// The texts of the public channels: pure functions from views and events to JSON.
//
// docs/websocket.md shows each one; the fields' names and forms are those of the HTTP API. Prices,
// sizes and money are exact decimal strings, times are milliseconds since 1970. Thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/schema/event.hpp"
#include "engine/schema/market_spec.hpp"
#include "gateway/ws/book_window.hpp"
#include "stores/views.hpp"

namespace perpetua::gateway {
class MarketDirectory;
}

namespace perpetua::gateway::ws {

enum class BookMessage { snapshot, delta };

inline constexpr std::size_t kChecksumLevels = 10;  // of each side

// CRC-32 (IEEE 802.3) of "price:size" of bid 1, ask 1, bid 2, ask 2, ... up to kChecksumLevels,
// joined by ':', as printed on the wire; a side that has no such level is left out.
uint32_t book_checksum(const MarketSpec& spec, const BookWindow& window);

// `levels` is the whole window, or its difference; `checksum` always that of the whole window.
std::string book_message(const MarketSpec& spec, BookMessage kind, uint64_t sequence,
                         int64_t time_ms, const BookWindow& levels, uint32_t checksum);

// REQUIRES: takers' fills of one market, in order.
std::string trades_message(const MarketSpec& spec, std::span<const Event* const> fills,
                           int64_t time_ms);

std::string ticker_message(const stores::MarketView& market, int64_t time_ms);

std::string candle_message(const MarketSpec& spec, stores::CandleInterval interval,
                           const stores::CandleView& candle, bool is_closed);

// The status of a market; `view` as of the change.
std::string status_message(const stores::MarketView& view, int64_t time_ms);
// The status with what was announced, or what holds from now on.
std::string change_message(const stores::MarketView& view, const stores::ScheduledChange& change,
                           bool is_applied, int64_t time_ms);

// kind predicted: the hour in hand; settled: one that has ended.
std::string funding_message(const stores::MarketView& view, int64_t time_ms);
std::string funding_message(const MarketSpec& spec, const stores::FundingView& settled);

std::string liquidation_message(const MarketSpec& spec, const stores::LiquidationView& step);
std::string fund_message(const MarketSpec& spec, const stores::FundChangeView& change);

// Private, without an agent's sequence: it is no event of the engine's.
std::string alert_message(const MarketSpec& spec, const stores::AlertView& alert);

std::string thought_message(const stores::ThoughtView& thought, const MarketDirectory& markets);

}  // namespace perpetua::gateway::ws
