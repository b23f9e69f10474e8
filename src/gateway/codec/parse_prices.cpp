#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/decimal.hpp"
#include "engine/market/index_price.hpp"
#include "gateway/codec/parse_helpers.hpp"
#include "gateway/options.hpp"

namespace perpetua::gateway {
namespace {

namespace json = boost::json;

bool parse_time(const object& body, int64_t now_ms, int64_t& time_ms, ApiError& error) {
  time_ms = integer_field(body, "source_time").value_or(now_ms);
  return time_ms <= now_ms + kSourceTimeAheadMaxMs ||
         refuse(error, "source_time", "is in the future");
}

// A source knows nothing of our tick: its price is cut down to it.
bool parse_source(const object& body, const MarketSpec& spec, int64_t now_ms, SourcePrice& source,
                  ApiError& error) {
  if (!parse_time(body, now_ms, source.time_ms, error)) return false;
  source.weight = static_cast<uint32_t>(integer_field(body, "weight").value_or(1));
  int64_t ticks = 0;
  const DecimalError code = parse_on_grid(*text_field(body, "price"), spec.tick_size_e9, ticks);
  const bool is_number = code == DecimalError::none || code == DecimalError::off_grid;
  source.price = Price(ticks);
  return (is_number && ticks > 0) || refuse(error, "price", "must be a decimal above zero");
}

bool parse_sources(const json::array& list, const MarketSpec& spec, int64_t now_ms,
                   std::vector<SourcePrice>& sources, ApiError& error) {
  sources.resize(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (parse_source(list[i].get_object(), spec, now_ms, sources[i], error)) continue;
    error.field = "sources[" + std::to_string(i) + "]." + error.field;
    return false;
  }
  return true;
}

bool refuse_stale(std::size_t quorum, ApiError& error) {
  error = ApiError(ResultCode::price_stale, "sources", "too few fresh sources of the index");
  error.numbers.emplace_back("needed", std::to_string(quorum));
  return false;
}

bool parse_index(const object& entry, const MarketSpec& spec, const PriceContext& context,
                 UpdatePrice& update, ApiError& error) {
  const auto price = text_field(entry, "price");
  const json::value* sources = entry.if_contains("sources");
  const bool has_sources = sources != nullptr && !sources->is_null();
  if (price.has_value() == has_sources) {
    return refuse(error, price ? ResultCode::invalid_field : ResultCode::missing_field, "price",
                  "give either `price` or `sources`");
  }
  if (price) {
    if (context.quorum > 1) return refuse_stale(context.quorum, error);
    return parse_price(*price, "price", spec, update.price, error) &&
           parse_time(entry, context.now_ms, update.source_time_ms, error);
  }
  std::vector<SourcePrice> list;
  if (!parse_sources(sources->get_array(), spec, context.now_ms, list, error)) return false;
  const auto candidate = index_candidate(list, context.now_ms, context.quorum);
  if (!candidate) return refuse_stale(context.quorum, error);
  update.price = candidate->price;
  update.source_time_ms = candidate->time_ms;
  return true;
}

}  // namespace

bool parse_prices(const object& body, const MarketDirectory& markets, const PriceContext& context,
                  std::vector<runtime::Submission>& submissions, ApiError& error) {
  const json::array& prices = body.at("prices").get_array();
  submissions.resize(prices.size());
  for (std::size_t i = 0; i < prices.size(); ++i) {
    const object& entry = prices[i].get_object();
    MarketId market = kNoMarket;
    UpdatePrice update;
    if (!find_market(*text_field(entry, "market"), markets, market, error) ||
        !parse_index(entry, *markets.spec(market), context, update, error)) {
      error.field = "prices[" + std::to_string(i) + "]." + error.field;
      return false;
    }
    submissions[i].command = Command(CommandType::update_price, 0, market);
    set_deadline(body, submissions[i]);
    submissions[i].command.update_price = update;
  }
  return true;
}

}  // namespace perpetua::gateway
