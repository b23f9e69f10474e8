#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/decimal.hpp"
#include "gateway/codec/fields.hpp"
#include "gateway/codec/market_terms.hpp"
#include "gateway/codec/safety.hpp"
#include "gateway/codec/safety_fields.hpp"

namespace perpetua::gateway {
namespace {

namespace json = boost::json;
using runtime::Submission;

bool refuse(ApiError& error, std::string_view field, std::string message, std::string hint = {}) {
  error =
      ApiError(ResultCode::invalid_field, std::string(field), std::move(message), std::move(hint));
  return false;
}

void set_deadline(const object& body, Submission& submission) {
  submission.command.header.valid_until_ms = integer_field(body, "valid_until").value_or(0);
}

// 0 would mean "without": who wants that leaves it out.
bool parse_limit(const object& body, std::string_view field, Micro& limit, ApiError& error) {
  const auto text = text_field(body, field);
  if (!text) return true;
  if (!parse_money(*text, field, limit, error)) return false;
  return limit > Micro(0) ||
         refuse(error, field, "must be above zero", "leave it out for a key without this limit");
}

bool parse_limit_markets(const object& body, const ParseContext& context, uint64_t& markets,
                         ApiError& error) {
  const json::value* list = body.if_contains("markets");
  if (list == nullptr || list->is_null()) return true;
  std::size_t place = 0;
  for (const json::value& entry : list->get_array()) {
    MarketId market = kNoMarket;
    const std::string_view symbol(entry.get_string().data(), entry.get_string().size());
    if (!find_market(symbol, context.markets, market, error)) {
      error.field = "markets[" + std::to_string(place) + "]";
      return false;
    }
    markets |= uint64_t{1} << market;
    ++place;
  }
  return true;
}

bool parse_tiers(const json::array& rows, MarketSpec& spec, ApiError& error) {
  spec.tiers = {};
  spec.tier_count = 0;
  for (const json::value& row : rows) {
    const object& tier = row.get_object();
    Micro from;
    if (!parse_money(*text_field(tier, "from_notional"), "from_notional", from, error)) {
      error.field = "margin_tiers[" + std::to_string(spec.tier_count) + "].from_notional";
      return false;
    }
    MarginTier& target = spec.tiers[spec.tier_count++];
    target.lower_notional_micro = from.value;
    target.max_leverage = static_cast<uint32_t>(*integer_field(tier, "max_leverage"));
  }
  return true;
}

// Writes one term into the spec if the body has it.
bool parse_term(const object& body, std::string_view field, MarketSpec& spec, ApiError& error) {
  for (const FractionTerm& term : kFractionTerms) {
    if (term.name != field) continue;
    const auto text = text_field(body, field);
    return !text || parse_fraction(*text, field, spec.*term.member, error);
  }
  for (const MoneyTerm& term : kMoneyTerms) {
    if (term.name != field) continue;
    const auto text = text_field(body, field);
    return !text || parse_money(*text, field, spec.*term.member, error);
  }
  const json::value* tiers = body.if_contains("margin_tiers");
  if (tiers == nullptr || tiers->is_null()) return true;
  return parse_tiers(tiers->get_array(), spec, error);
}

// Which term alone would make the market impossible; empty: none, they do not fit together.
std::string_view impossible_term(const object& body, const MarketSpec& present) {
  for (const FieldSpec& field : kMarketTermFields) {
    MarketSpec spec = present;
    ApiError ignored;
    if (!parse_term(body, field.name, spec, ignored) || !is_valid(spec)) return field.name;
  }
  return {};
}

}  // namespace

bool parse_key_limits(const object& body, const ParseContext& context, KeyLimits& limits,
                      ApiError& error) {
  limits.leverage_max = static_cast<uint16_t>(integer_field(body, "leverage_max").value_or(0));
  limits.reduce_only = bool_field(body, "reduce_only", false) ? 1 : 0;
  return parse_limit(body, "order_notional_max", limits.order_notional_max, error) &&
         parse_limit(body, "position_notional_max", limits.position_notional_max, error) &&
         parse_limit(body, "daily_loss_max", limits.daily_loss_max, error) &&
         parse_limit_markets(body, context, limits.markets, error);
}

bool parse_set_key_limits(const object& body, const ParseContext& context, Submission& submission,
                          ApiError& error) {
  submission.command = Command(CommandType::set_key_limits, context.agent);
  set_deadline(body, submission);
  submission.command.set_key_limits = SetKeyLimits();
  return parse_key_limits(body, context, submission.command.set_key_limits.limits, error);
}

bool parse_cancel_all_after(const object& body, const ParseContext& context, Submission& submission,
                            ApiError& error) {
  MarketId market = kNoMarket;
  const auto symbol = text_field(body, "market");
  if (symbol && !find_market(*symbol, context.markets, market, error)) return false;
  submission.command = Command(CommandType::cancel_all_after, context.agent, market);
  set_deadline(body, submission);
  submission.command.cancel_all_after = CancelAllAfter();
  CancelAllAfter& wanted = submission.command.cancel_all_after;
  wanted.timeout_ms = *integer_field(body, "timeout_ms");
  const auto scope = text_field(body, "scope");
  if (scope) wanted.scope = static_cast<CancelScope>(choice_index(kSwitchScopeChoices, *scope));
  return true;
}

bool parse_market_change(const object& body, MarketId market, const MarketSpec& present,
                         Submission& submission, ApiError& error) {
  MarketSpec spec = present;
  for (const FieldSpec& field : kMarketTermFields) {
    if (!parse_term(body, field.name, spec, error)) return false;
  }
  if (!is_valid(spec)) {
    const std::string_view field = impossible_term(body, present);
    return refuse(error, field,
                  field.empty() ? "these terms do not fit together" : "no market can have this",
                  "fees are at most 0.01, the maker's not above the taker's; tiers start at \"0\", "
                  "notionals rise and leverages fall; bounds are above zero");
  }
  submission.command = Command(CommandType::change_market, 0, market);
  set_deadline(body, submission);
  submission.command.change_market = ChangeMarket();
  submission.command.change_market.effective_at_ms = *integer_field(body, "effective_at");
  submission.text.assign(reinterpret_cast<const char*>(&spec), sizeof spec);
  return true;
}

}  // namespace perpetua::gateway
