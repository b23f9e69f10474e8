#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/decimal.hpp"
#include "gateway/codec/fields.hpp"
#include "gateway/codec/parse.hpp"
#include "gateway/codec/request_fields.hpp"
#include "gateway/options.hpp"

namespace perpetua::gateway {
namespace {

namespace json = boost::json;
using runtime::Submission;

void set_deadline(const object& body, Submission& submission) {
  submission.command.header.valid_until_ms = integer_field(body, "valid_until").value_or(0);
}

bool parse_amount(const object& body, Micro& amount, ApiError& error) {
  if (!parse_money(*text_field(body, "amount"), "amount", amount, error)) return false;
  if (amount.value > 0 && amount.value <= limits::kAmountMaxMicro) return true;
  error = ApiError(ResultCode::invalid_amount, "amount");
  error.numbers.emplace_back("maximum", decimal_text(limits::kAmountMaxMicro, kMicroDigits));
  return false;
}

// Ids beyond 32 bits name nobody; the engine's own answer for those is agent_not_found.
bool parse_agent_id(const object& body, std::string_view field, AgentId& agent, ApiError& error) {
  const uint64_t id = *id_field(body, field);
  if (id > 0 && id <= UINT32_MAX) {
    agent = static_cast<AgentId>(id);
    return true;
  }
  error = ApiError(ResultCode::agent_not_found, std::string(field));
  return false;
}

}  // namespace

bool parse_register(const object& body, Submission& submission, ApiError& /*error*/) {
  const std::string_view wallet = *text_field(body, "wallet");
  const std::string_view name = text_field(body, "display_name").value_or(std::string_view());
  const std::string_view bio = text_field(body, "bio").value_or(std::string_view());
  submission.command = Command(CommandType::register_agent);
  set_deadline(body, submission);
  submission.command.register_agent = RegisterAgent();
  RegisterAgent& agent = submission.command.register_agent;
  agent.key_expires_at_ms = integer_field(body, "key_expires_at").value_or(0);
  agent.wallet_length = static_cast<uint16_t>(wallet.size());
  agent.display_name_length = static_cast<uint16_t>(name.size());
  agent.bio_length = static_cast<uint16_t>(bio.size());
  submission.text.assign(wallet).append(name).append(bio);
  return true;
}

bool parse_create_key(const object& body, const ParseContext& context, Submission& submission,
                      ApiError& error) {
  submission.command = Command(CommandType::create_key, context.agent);
  set_deadline(body, submission);
  submission.command.create_key = CreateKey();
  CreateKey& key = submission.command.create_key;
  key.expires_at_ms = integer_field(body, "expires_at").value_or(0);
  key.scopes = 0;
  for (const json::value& scope : body.at("scopes").get_array()) {
    const json::string& text = scope.get_string();
    const auto bit =
        static_cast<uint8_t>(1 << choice_index(kScopeChoices, {text.data(), text.size()}));
    if ((key.scopes & bit) != 0) {
      error = ApiError(ResultCode::invalid_field, "scopes", "a scope is named twice");
      return false;
    }
    key.scopes |= bit;
  }
  return true;
}

bool parse_money_move(const object& body, const ParseContext& context, CommandType type,
                      Submission& submission, ApiError& error) {
  submission.command = Command(type, context.agent);
  set_deadline(body, submission);
  submission.command.money = MoveMoney();
  MoveMoney& money = submission.command.money;
  if (type == CommandType::transfer &&
      !parse_agent_id(body, "to_agent_id", money.to_agent, error)) {
    return false;
  }
  return parse_amount(body, money.amount, error);
}

bool parse_leverage(const object& body, const ParseContext& context, MarketId market,
                    Submission& submission, ApiError& /*error*/) {
  submission.command = Command(CommandType::set_leverage, context.agent, market);
  set_deadline(body, submission);
  submission.command.set_leverage = SetLeverage();
  submission.command.set_leverage.leverage =
      static_cast<uint16_t>(*integer_field(body, "leverage"));
  return true;
}

bool parse_netting(const object& body, const ParseContext& context, MarketId market,
                   Submission& submission, ApiError& /*error*/) {
  submission.command = Command(CommandType::set_netting, context.agent, market);
  set_deadline(body, submission);
  submission.command.set_netting = SetNetting();
  submission.command.set_netting.netting = bool_field(body, "netting", false) ? 1 : 0;
  return true;
}

bool parse_margin(const object& body, const ParseContext& context, MarketId market,
                  Submission& submission, ApiError& error) {
  submission.command = Command(CommandType::adjust_margin, context.agent, market);
  set_deadline(body, submission);
  submission.command.adjust_margin = AdjustMargin();
  Micro amount;
  if (!parse_amount(body, amount, error)) return false;
  const bool is_added = *text_field(body, "action") == "add";
  submission.command.adjust_margin.amount = is_added ? amount : -amount;
  return true;
}

bool parse_market_mode(const object& body, MarketId market, Submission& submission,
                       ApiError& /*error*/) {
  submission.command = Command(CommandType::set_market_mode, 0, market);
  set_deadline(body, submission);
  submission.command.set_market_mode = SetMarketMode();
  submission.command.set_market_mode.mode =
      static_cast<MarketMode>(choice_index(kMarketModeChoices, *text_field(body, "mode")));
  return true;
}

bool parse_fund_insurance(const object& body, MarketId market, Submission& submission,
                          ApiError& error) {
  submission.command = Command(CommandType::fund_insurance, 0, market);
  set_deadline(body, submission);
  submission.command.fund_insurance = FundInsurance();
  return parse_amount(body, submission.command.fund_insurance.amount, error);
}

bool parse_thought(const object& body, const ParseContext& context, Submission& submission,
                   ApiError& error) {
  MarketId market = kNoMarket;
  const auto symbol = text_field(body, "market");
  if (symbol && !find_market(*symbol, context.markets, market, error)) return false;
  submission.command = Command(CommandType::post_thought, context.agent, market);
  set_deadline(body, submission);
  submission.text = *text_field(body, "text");
  return true;
}

bool check_idempotency_key(std::string_view key, ApiError& error) {
  bool is_printable = key.size() <= kIdempotencyKeyBytesMax;
  for (const char c : key) is_printable = is_printable && c >= 0x20 && c < 0x7F;
  if (is_printable) return true;
  error = ApiError(ResultCode::invalid_field, "Idempotency-Key",
                   "must be 1 to 128 printable ASCII characters");
  return false;
}

bool apply_idempotency_key(std::string_view key, std::vector<Submission>& submissions,
                           ApiError& error) {
  if (key.empty()) return true;
  if (!check_idempotency_key(key, error)) return false;
  if (submissions.size() == 1) {
    submissions.front().command.header.key = hash128_text(key, 0);
    return true;
  }
  // The separator cannot occur in a key, so no entry meets the key of another request.
  std::string entry_key(key);
  entry_key.push_back('\n');
  for (std::size_t i = 0; i < submissions.size(); ++i) {
    submissions[i].command.header.key = hash128_text(entry_key + std::to_string(i), 0);
  }
  return true;
}

}  // namespace perpetua::gateway
