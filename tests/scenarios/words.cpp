#include "words.hpp"

#include "base/decimal.hpp"

namespace perpetua::scenario {
namespace {

const std::string kNoWord;

bool is_number(std::string_view word) {
  int64_t value = 0;
  return parse_decimal(word, kGridDigits, value) == DecimalError::none;
}

}  // namespace

const std::string& Words::peek() const { return is_at_end() ? kNoWord : statement_.words[next_]; }

bool Words::accept(std::initializer_list<std::string_view> words) {
  if (statement_.words.size() - next_ < words.size()) return false;
  std::size_t place = next_;
  for (const std::string_view word : words) {
    if (statement_.words[place++] != word) return false;
  }
  next_ = place;
  return true;
}

void Words::expect(std::string_view word) {
  if (!accept(word)) fail("`" + std::string(word) + "` expected, not `" + peek() + "`");
}

std::string Words::take(std::string_view what) {
  if (is_at_end()) fail(std::string(what) + " expected at the end");
  return statement_.words[next_++];
}

void Words::end() const {
  if (!is_at_end()) fail("unknown word `" + peek() + "`");
}

Price Words::take_price(const MarketSpec& spec) {
  const std::string word = take("a price");
  int64_t ticks = 0;
  if (parse_on_grid(word, spec.tick_size_e9, ticks) != DecimalError::none) {
    fail("`" + word + "` is no price of this market");
  }
  return Price(ticks);
}

Lots Words::take_lots(const MarketSpec& spec) {
  const std::string word = take("a size");
  int64_t lots = 0;
  if (parse_on_grid(word, spec.lot_size_e9, lots) != DecimalError::none) {
    fail("`" + word + "` is no size of this market");
  }
  return Lots(lots);
}

int64_t Words::take_scaled(std::string_view what, std::string_view suffix, unsigned digits) {
  std::string word = take(what);
  if (!suffix.empty() && word.ends_with(suffix)) {
    word.resize(word.size() - suffix.size());
  } else if (!suffix.empty()) {
    fail(std::string(what) + " expected, not `" + word + "`");
  }
  int64_t value = 0;
  if (parse_decimal(word, digits, value) != DecimalError::none) {
    fail(std::string(what) + " expected, not `" + word + "`");
  }
  return value;
}

Micro Words::take_usdc() { return Micro(take_scaled("an amount", "", kMicroDigits)); }
int64_t Words::take_integer(std::string_view what) { return take_scaled(what, "", 0); }
uint32_t Words::take_leverage() {
  return static_cast<uint32_t>(take_scaled("leverage such as 5x", "x", 0));
}
uint32_t Words::take_percent_ppm() {
  return static_cast<uint32_t>(take_scaled("a share such as 1%", "%", 4));
}

bool Words::is_leverage_next() const {
  return peek().ends_with('x') && is_number(peek().substr(0, peek().size() - 1));
}

int64_t Words::take_duration_ms() {
  struct Unit {
    std::string_view suffix;
    int64_t ms;
  };
  for (const Unit& unit : {Unit{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}}) {
    if (peek().ends_with(unit.suffix)) {
      return take_scaled("a time such as 30s", unit.suffix, 0) * unit.ms;
    }
  }
  fail("a time such as 30s expected, not `" + peek() + "`");
}

void Words::fail(const std::string& what) const { throw ScenarioError(statement_.line, what); }

std::string canonical(const std::string& word) {
  int64_t value = 0;
  if (parse_decimal(word, kGridDigits, value) != DecimalError::none) return word;
  return decimal_text(value, kGridDigits);
}

}  // namespace perpetua::scenario
