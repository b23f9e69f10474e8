// Reading the words of one statement, front to back, and the quantities among them: exact decimals
// in USDC and base units, durations (`30s`, `5m`, `1h`, `500ms`), leverage (`5x`), shares (`1%`).
//
// Every word must be read: end() refuses what is left, so an unknown word never passes silently.
// Thread-safety: none. Errors: ScenarioError with the statement's line.
#pragma once

#include <initializer_list>

#include "engine/schema/market_spec.hpp"
#include "scenario_text.hpp"

namespace perpetua::scenario {

class Words {
 public:
  explicit Words(const Statement& statement) : statement_(statement) {}

  int line() const { return statement_.line; }
  const std::vector<Statement>& rows() const { return statement_.rows; }
  bool is_at_end() const { return next_ == statement_.words.size(); }
  // The next word, or "" at the end.
  const std::string& peek() const;
  // Takes these words if they are next, all of them.
  bool accept(std::initializer_list<std::string_view> words);
  bool accept(std::string_view word) { return accept({word}); }
  void expect(std::string_view word);
  std::string take(std::string_view what);
  void end() const;

  Price take_price(const MarketSpec& spec);
  Lots take_lots(const MarketSpec& spec);
  Micro take_usdc();
  int64_t take_integer(std::string_view what);
  int64_t take_duration_ms();
  uint32_t take_leverage();
  uint32_t take_percent_ppm();
  // `5x` and the like is next: an option of an order.
  bool is_leverage_next() const;

  [[noreturn]] void fail(const std::string& what) const;

 private:
  int64_t take_scaled(std::string_view what, std::string_view suffix, unsigned digits);

  const Statement& statement_;
  std::size_t next_ = 0;
};

// A number without needless zeros ("1.50" -> "1.5"); any other word as it is.
std::string canonical(const std::string& word);

}  // namespace perpetua::scenario
