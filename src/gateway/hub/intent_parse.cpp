// POST /intents/parse: a sentence like "long BTC $1000 5x" as the fields of an intent. Words, no
// grammar: what is not understood is left out.
#include <array>

#include "gateway/hub/number.hpp"
#include "gateway/hub/text.hpp"
#include "gateway/hub/trading_handlers.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr int64_t kDefaultLeverage = 5;
constexpr int64_t kLeverageMax = 20;
constexpr unsigned kNumberDigits = 9;
constexpr int64_t kUnit = 1'000'000'000;
constexpr int64_t kThousand = 1'000;

struct Parsed {
  std::string_view action = "unknown";
  std::optional<MarketId> market;
  std::optional<int64_t> size;   // 10^-9
  std::optional<int64_t> price;  // 10^-9
  int64_t leverage = kDefaultLeverage;
};

struct ActionWord {
  std::string_view word;
  std::string_view action;
};

constexpr std::array<ActionWord, 17> kActionWords = {{{"long", "long"},
                                                      {"buy", "long"},
                                                      {"bullish", "long"},
                                                      {"short", "short"},
                                                      {"sell", "short"},
                                                      {"bearish", "short"},
                                                      {"close", "close"},
                                                      {"exit", "close"},
                                                      {"flatten", "close"},
                                                      {"positions", "positions"},
                                                      {"position", "positions"},
                                                      {"portfolio", "positions"},
                                                      {"alert", "alert"},
                                                      {"notify", "alert"},
                                                      {"remind", "alert"},
                                                      {"help", "help"},
                                                      {"commands", "help"}}};

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : lower_case(text) + " ") {
    const bool is_part = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '$' ||
                         c == '-' || c == '@';
    if (c == ',' && !word.empty() && word.back() >= '0' && word.back() <= '9') continue;
    if (is_part) {
      word.push_back(c);
      continue;
    }
    while (!word.empty() && (word.back() == '.' || word.back() == '-')) word.pop_back();
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  }
  return words;
}

// "$1.5k" -> 1,500. False: no number.
bool read_amount(std::string_view word, int64_t& value) {
  if (word.starts_with('$') || word.starts_with('@')) word.remove_prefix(1);
  const bool is_thousand = word.ends_with('k');
  if (is_thousand) word.remove_suffix(1);
  if (word.empty() || word.front() < '0' || word.front() > '9') return false;
  bool is_exact = true;
  if (parse_number(word, kNumberDigits, value, is_exact) != NumberFault::none || value <= 0) {
    return false;
  }
  return !is_thousand || !__builtin_mul_overflow(value, kThousand, &value);
}

bool read_leverage(std::string_view word, Parsed& parsed) {
  int64_t value = 0;
  if (!word.ends_with('x') || !read_amount(word.substr(0, word.size() - 1), value)) return false;
  parsed.leverage = std::clamp<int64_t>(value / kUnit, 1, kLeverageMax);
  return true;
}

bool is_price_word(std::string_view word) {
  for (const std::string_view known : {"at", "@", "price", "hits", "above", "below", "reaches"}) {
    if (word == known) return true;
  }
  return word == "over" || word == "under";
}

void read_action(std::string_view word, Parsed& parsed) {
  // "close my long" closes: the verb wins over what it is about.
  const bool is_open = parsed.action == "unknown" || parsed.action == "long" ||
                       parsed.action == "short" || parsed.action == "positions";
  for (const ActionWord& known : kActionWords) {
    if (known.word != word) continue;
    const bool is_stronger = known.action == "close" || known.action == "alert";
    if (parsed.action == "unknown" || (is_open && is_stronger)) parsed.action = known.action;
  }
}

Parsed parse_sentence(const Call& call, std::string_view text) {
  Parsed parsed;
  bool is_price_next = false;
  for (const std::string& word : words_of(text)) {
    int64_t value = 0;
    if (read_leverage(word, parsed)) continue;
    if (read_amount(word, value)) {
      const bool is_price = is_price_next || word.front() == '@' || parsed.action == "alert";
      std::optional<int64_t>& target = is_price ? parsed.price : parsed.size;
      if (!target) target = value;
      is_price_next = false;
      continue;
    }
    is_price_next = is_price_word(word);
    read_action(word, parsed);
    if (!parsed.market) parsed.market = find_asset(call.markets(), word);
  }
  return parsed;
}

// Hundredths: what of action, market and size was understood.
int64_t confidence_of(const Parsed& parsed) {
  if (parsed.action == "unknown") return 0;
  const bool is_trade = parsed.action == "long" || parsed.action == "short";
  if (!is_trade && parsed.action != "alert") return 90;
  return 30 + (parsed.market ? 40 : 0) + (parsed.size || parsed.price ? 25 : 0);
}

void write_amount(JsonWriter& json, const std::optional<int64_t>& value) {
  if (value) {
    write_number(json, *value, kNumberDigits);
  } else {
    json.null();
  }
}

}  // namespace

bool prepare_intent_parse(Call& call) {
  const std::string_view text = input(call, "text").text;
  const Parsed parsed = parse_sentence(call, text);
  JsonWriter json(call.reply);
  json.begin_object().key("parsed").begin_object();
  json.key("action").text(parsed.action);
  json.key("market");
  if (parsed.market) {
    json.text(asset_name(*call.hot().market_spec(*parsed.market)));
  } else {
    json.null();
  }
  write_amount(json.key("size"), parsed.size);
  json.key("leverage").number(parsed.leverage);
  write_amount(json.key("price"), parsed.price);
  write_number(json.key("confidence"), confidence_of(parsed), 2);
  json.key("raw_command").text(text);
  json.end_object().end_object();
  return true;
}

}  // namespace perpetua::gateway::hub
