#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <charconv>
#include <map>

#include "gateway/codec/fields.hpp"
#include "gateway/codec/render.hpp"
#include "gateway/native/handlers.hpp"
#include "gateway/native/pages.hpp"

namespace perpetua::gateway::native {
namespace {

constexpr std::size_t kBookDepthDefault = 20;

int64_t query_number(const Call& call, std::string_view name, int64_t absent) {
  const auto text = call.query_value(name);
  int64_t value = absent;
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

// "Now" is another time in a repeat, which would then be another request under the same key.
bool says_its_time(Call& call, const boost::json::object& entry, const std::string& place) {
  if (integer_field(entry, "source_time")) return true;
  return call.fail(ResultCode::missing_field, place + ".source_time",
                   "a request with an Idempotency-Key says its own time");
}

bool has_repeatable_times(Call& call) {
  if (call.idempotency_key.empty()) return true;
  const boost::json::array& prices = call.body->at("prices").get_array();
  for (std::size_t i = 0; i < prices.size(); ++i) {
    const boost::json::object& entry = prices[i].get_object();
    const std::string place = "prices[" + std::to_string(i) + "]";
    const boost::json::value* sources = entry.if_contains("sources");
    if (sources == nullptr || !sources->is_array()) {
      if (!says_its_time(call, entry, place)) return false;
      continue;
    }
    for (std::size_t n = 0; n < sources->get_array().size(); ++n) {
      const boost::json::object& source = sources->get_array()[n].get_object();
      if (!says_its_time(call, source, place + ".sources[" + std::to_string(n) + "]")) return false;
    }
  }
  return true;
}

}  // namespace

void list_markets(Call& call) { write_list(call.reply, call.hot().markets(), render_market); }

void get_market(Call& call) {
  MarketId market = kNoMarket;
  if (path_market(call, market)) render_market(call.reply, *call.hot().market(market));
}

void get_book(Call& call) {
  MarketId market = kNoMarket;
  if (!path_market(call, market)) return;
  const auto depth = static_cast<std::size_t>(query_number(call, "depth", kBookDepthDefault));
  const auto book = call.hot().book(market, depth);
  render_book(call.reply, *book, *call.markets().spec(market));
}

void list_trades(Call& call) {
  MarketId market = kNoMarket;
  if (!path_market(call, market)) return;
  const MarketSpec& spec = *call.markets().spec(market);
  const auto render = [&](std::string& out, const stores::TradeView& view) {
    render_trade(out, view, spec);
  };
  if (call.history() == nullptr) {
    write_page(call.reply, call.hot().trades(market, call.page_limit()), {}, render);
    return;
  }
  if (!call.may_use_disk()) return;
  auto fresh = call.hot().trades(market, stores::hot_limits::kPageMax);
  if (fresh.empty()) call.needs_history(call.hot().first_batch());  // none came since the start
  const auto page = newest_page(
      call, std::move(fresh),
      [&](const stores::PageRequest& request) { return call.history()->trades(market, request); },
      [](const stores::TradeView& view) { return view.trade_id; });
  if (page_ok(call, page)) write_page(call.reply, page.rows, page.next_cursor, render);
}

void list_candles(Call& call) {
  MarketId market = kNoMarket;
  if (!path_market(call, market)) return;
  const auto interval = stores::parse_candle_interval(call.query_value("interval").value_or("1m"));
  const int64_t from_ms = query_number(call, "from", 0);
  const int64_t to_ms = query_number(call, "to", INT64_MAX);
  const std::size_t limit = call.page_limit();
  auto candles = call.hot().candles(market, *interval, from_ms, to_ms, limit);
  // Older candles than the hot store keeps, or than it knows after a restart.
  if (candles.size() < limit && call.history() != nullptr) {
    if (!call.may_use_disk()) return;
    std::map<int64_t, stores::CandleView> merged;
    for (auto& row : call.history()->candles(market, *interval, from_ms, to_ms, limit)) {
      merged[row.open_time_ms] = row;
    }
    for (const auto& row : candles) merged[row.open_time_ms] = row;
    candles.clear();
    for (const auto& [time_ms, row] : merged) candles.push_back(row);
    if (candles.size() > limit) {
      candles.erase(candles.begin(), candles.end() - static_cast<std::ptrdiff_t>(limit));
    }
  }
  const MarketSpec& spec = *call.markets().spec(market);
  write_list(call.reply, candles, [&](std::string& out, const stores::CandleView& view) {
    render_candle(out, view, spec);
  });
}

void list_prices(Call& call) { write_list(call.reply, call.hot().markets(), render_index_price); }

bool prepare_push_prices(Call& call) {
  if (!call.context.options.takes_prices) {
    return call.fail(ResultCode::not_in_this_mode, "prices",
                     "index prices of this exchange are not pushed: see its setting `prices`");
  }
  const PriceContext context{call.now_ms, call.context.options.index_sources_min};
  return has_repeatable_times(call) &&
         parse_prices(*call.body, call.markets(), context, call.submissions, call.error);
}

}  // namespace perpetua::gateway::native
