#include "gateway/hub/format.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

#include "base/decimal.hpp"

namespace perpetua::gateway::hub {
namespace {

struct IdForm {
  std::string_view prefix;
  std::size_t digits;
};

constexpr std::array<IdForm, 13> kIdForms = {{{"int_", 12},
                                              {"match_", 12},
                                              {"pos_", 12},
                                              {"fee_", 12},
                                              {"liq_", 12},
                                              {"stl_", 12},
                                              {"fund_", 12},
                                              {"sig_", 12},
                                              {"bet_", 12},
                                              {"chat_", 12},
                                              {"key_", 16},
                                              {"alert_", 8},
                                              {"viol_", 8}}};

constexpr std::string_view kAgentPrefix = "agent_";
constexpr std::size_t kAgentDigits = 4;

void append_padded(std::string& out, uint64_t number, std::size_t digits, int base) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number, base).ptr;
  const auto size = static_cast<std::size_t>(end - buffer);
  if (size < digits) out.append(digits - size, '0');
  out.append(buffer, end);
}

template <class Number>
bool parse_whole(std::string_view text, Number& number, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

void append_number(std::string& out, int64_t value, unsigned digits) {
  const std::size_t start = out.size();
  append_decimal(out, value, digits);
  if (out.find('.', start) == std::string::npos) out += ".0";
}

JsonWriter& write_price(JsonWriter& json, Price value, const MarketSpec& spec) {
  std::string text;
  append_on_grid(text, value.value, spec.tick_size_e9);
  if (text.find('.') == std::string::npos) text += ".0";
  return json.raw(text);
}

JsonWriter& write_price_or_null(JsonWriter& json, Price value, const MarketSpec& spec) {
  return value.value == 0 ? json.null() : write_price(json, value, spec);
}

std::string time_text(int64_t time_ms) {
  const std::time_t seconds = time_ms / 1'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char date[32];
  const std::size_t size = std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
  char fraction[16];
  const int count =
      std::snprintf(fraction, sizeof fraction, ".%03d000+00:00", static_cast<int>(time_ms % 1'000));
  return std::string(date, size).append(fraction, static_cast<std::size_t>(count));
}

std::string agent_name(AgentId agent) {
  if (agent == 0) return {};
  std::string out(kAgentPrefix);
  append_padded(out, agent, kAgentDigits, 10);
  return out;
}

std::optional<AgentId> parse_agent_name(std::string_view text) {
  AgentId agent = 0;
  if (!text.starts_with(kAgentPrefix)) return std::nullopt;
  if (!parse_whole(text.substr(kAgentPrefix.size()), agent, 10)) return std::nullopt;
  if (agent == 0 || agent_name(agent) != text) return std::nullopt;
  return agent;
}

std::string id_text(IdKind kind, uint64_t number) {
  const IdForm& form = kIdForms[static_cast<std::size_t>(kind)];
  std::string out(form.prefix);
  append_padded(out, number, form.digits, 16);
  return out;
}

std::optional<uint64_t> parse_id_text(IdKind kind, std::string_view text) {
  const IdForm& form = kIdForms[static_cast<std::size_t>(kind)];
  uint64_t number = 0;
  if (!text.starts_with(form.prefix)) return std::nullopt;
  if (!parse_whole(text.substr(form.prefix.size()), number, 16)) return std::nullopt;
  if (id_text(kind, number) != text) return std::nullopt;
  return number;
}

std::string_view asset_name(const MarketSpec& spec) { return symbol_view(spec); }

std::string_view short_asset_name(const MarketSpec& spec) {
  const std::string_view symbol = symbol_view(spec);
  return symbol.substr(0, symbol.find('-'));
}

}  // namespace perpetua::gateway::hub
