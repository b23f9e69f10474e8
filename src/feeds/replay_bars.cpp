#include "feeds/replay_bars.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/assert.hpp"
#include "base/units.hpp"

namespace perpetua::feeds {

// Generated from data/*.csv by data/embed.cmake.
extern const char* const k_btc_csv;
extern const char* const k_eth_csv;
extern const char* const k_sol_csv;
extern const char* const k_doge_csv;
extern const char* const k_pepe_csv;
extern const char* const k_wif_csv;
extern const char* const k_arb_csv;
extern const char* const k_op_csv;
extern const char* const k_sui_csv;
extern const char* const k_avax_csv;
extern const char* const k_link_csv;
extern const char* const k_aave_csv;

namespace {

constexpr int kDecimals = 9;

struct BundledSeries {
  std::string_view symbol;
  const char* const& csv;
};
const BundledSeries kBundled[] = {
    {"BTC-PERP", k_btc_csv},   {"ETH-PERP", k_eth_csv},   {"SOL-PERP", k_sol_csv},
    {"DOGE-PERP", k_doge_csv}, {"PEPE-PERP", k_pepe_csv}, {"WIF-PERP", k_wif_csv},
    {"ARB-PERP", k_arb_csv},   {"OP-PERP", k_op_csv},     {"SUI-PERP", k_sui_csv},
    {"AVAX-PERP", k_avax_csv}, {"LINK-PERP", k_link_csv}, {"AAVE-PERP", k_aave_csv},
};

std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

std::optional<int64_t> parse_integer(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<int64_t> parse_price_e9(std::string_view text) {
  const std::size_t dot = text.find('.');
  const auto whole = parse_integer(text.substr(0, dot));
  if (!whole || *whole > 1'000'000'000) return std::nullopt;
  int64_t value = *whole;
  std::string_view fraction = dot == std::string_view::npos ? "" : text.substr(dot + 1);
  if (fraction.size() > kDecimals) return std::nullopt;
  for (int i = 0; i < kDecimals; ++i) {
    const char digit = i < static_cast<int>(fraction.size()) ? fraction[i] : '0';
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + (digit - '0');
  }
  return value;
}

struct Row {
  int64_t time_s = 0;
  Bar bar;
};

std::optional<Row> parse_row(std::string_view line) {
  const auto time_s = parse_integer(take_until(line, ','));
  const auto open = parse_price_e9(take_until(line, ','));
  const auto high = parse_price_e9(take_until(line, ','));
  const auto low = parse_price_e9(take_until(line, ','));
  const auto close = parse_price_e9(line);
  if (!time_s || !open || !high || !low || !close) return std::nullopt;
  const auto [smaller, larger] = std::minmax(*open, *close);
  if (*low <= 0 || *low > smaller || *high < larger) return std::nullopt;
  return Row{*time_s, Bar{*open, *high, *low, *close}};
}

int64_t interpolate(int64_t from, int64_t to, int64_t part, int64_t whole) {
  return from + mul_div_floor(to - from, part, whole);
}

}  // namespace

BarSeries parse_bars(std::string_view csv) {
  BarSeries series;
  take_until(csv, '\n');
  int64_t time_before_s = 0;
  while (!csv.empty()) {
    const auto row = parse_row(take_until(csv, '\n'));
    if (!row) return {};
    const int64_t step_ms = (row->time_s - time_before_s) * 1'000;
    if (series.bars.size() == 1) series.bar_ms = step_ms;
    if (series.bars.size() >= 1 && (step_ms != series.bar_ms || step_ms <= 0)) return {};
    time_before_s = row->time_s;
    series.bars.push_back(row->bar);
  }
  if (series.bars.size() < 2) return {};
  return series;
}

BarSeries bundled_bars(std::string_view symbol) {
  for (const BundledSeries& series : kBundled) {
    if (series.symbol == symbol) return parse_bars(series.csv);
  }
  return {};
}

int64_t path_price_e9(const BarSeries& series, int64_t position_ms) {
  PERPETUA_ASSERT(!series.empty());
  PERPETUA_ASSERT(position_ms >= 0 && position_ms <= series.length_ms());
  if (position_ms == series.length_ms()) return series.bars.back().close_e9;
  const Bar& bar = series.bars[static_cast<std::size_t>(position_ms / series.bar_ms)];
  const int64_t part = position_ms % series.bar_ms;
  const int64_t quarter = series.bar_ms / 4;
  const bool rises = bar.close_e9 >= bar.open_e9;
  const int64_t first = rises ? bar.low_e9 : bar.high_e9;
  const int64_t second = rises ? bar.high_e9 : bar.low_e9;
  if (part < quarter) return interpolate(bar.open_e9, first, part, quarter);
  if (part < 3 * quarter) return interpolate(first, second, part - quarter, 2 * quarter);
  return interpolate(second, bar.close_e9, part - 3 * quarter, series.bar_ms - 3 * quarter);
}

}  // namespace perpetua::feeds
