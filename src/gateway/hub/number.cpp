#include "gateway/hub/number.hpp"

#include <algorithm>
#include <string>

#include "gateway/hub/text.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr int kExponentMax = 100'000;
constexpr std::size_t kInt64Digits = 19;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// digits x 10^exponent, without leading zeros; no digits: zero.
struct Decimal {
  bool is_negative = false;
  std::string digits;
  int64_t exponent = 0;
};

bool parse_exponent(std::string_view text, int64_t& exponent) {
  bool is_negative = false;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    is_negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (text.empty()) return false;
  int64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return false;
    value = std::min<int64_t>(value * 10 + (c - '0'), kExponentMax);
  }
  exponent += is_negative ? -value : value;
  return true;
}

bool parse(std::string_view text, Decimal& out) {
  text = trimmed(text);
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    out.is_negative = text.front() == '-';
    text.remove_prefix(1);
  }
  bool has_digit = false;
  bool has_point = false;
  while (!text.empty() && (is_digit(text.front()) || (text.front() == '.' && !has_point))) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '.') {
      has_point = true;
      continue;
    }
    has_digit = true;
    out.exponent -= has_point ? 1 : 0;
    if (c != '0' || !out.digits.empty()) out.digits.push_back(c);
  }
  if (!has_digit) return false;
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  return parse_exponent(text.substr(1), out.exponent);
}

// Cuts the last `count` digits; true if what is left has to be rounded up.
bool cut(std::string& digits, std::size_t count, bool& is_exact) {
  if (count > digits.size()) {
    is_exact = digits.empty();
    digits.clear();
    return false;
  }
  const std::string rest = digits.substr(digits.size() - count);
  digits.resize(digits.size() - count);
  is_exact = rest.find_first_not_of('0') == std::string::npos;
  if (rest.empty() || rest.front() < '5') return false;
  const bool is_half = rest.front() == '5' && rest.find_first_not_of('0', 1) == std::string::npos;
  const bool is_odd = !digits.empty() && (digits.back() - '0') % 2 == 1;
  return !is_half || is_odd;
}

}  // namespace

NumberFault parse_number(std::string_view text, unsigned digits, int64_t& value, bool& is_exact) {
  Decimal decimal;
  if (!parse(text, decimal)) return NumberFault::malformed;
  const int64_t shift = decimal.exponent + digits;
  is_exact = true;
  bool rounds_up = false;
  if (decimal.digits.empty()) {
    value = 0;
    return NumberFault::none;
  }
  if (shift < 0) {
    rounds_up = cut(decimal.digits, static_cast<std::size_t>(-shift), is_exact);
  } else if (decimal.digits.size() + static_cast<std::size_t>(shift) > kInt64Digits) {
    return NumberFault::too_large;
  } else {
    decimal.digits.append(static_cast<std::size_t>(shift), '0');
  }
  if (decimal.digits.size() > kInt64Digits) return NumberFault::too_large;
  Int128 magnitude = 0;
  for (const char c : decimal.digits) magnitude = magnitude * 10 + (c - '0');
  magnitude += rounds_up ? 1 : 0;
  if (magnitude > INT64_MAX) return NumberFault::too_large;
  const auto narrow = static_cast<int64_t>(magnitude);
  value = decimal.is_negative ? -narrow : narrow;
  return NumberFault::none;
}

}  // namespace perpetua::gateway::hub
