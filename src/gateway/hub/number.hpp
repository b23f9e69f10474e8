// Decimal text to scaled int64, as leniently as the hub's clients need it and without floating
// point: sign, digits, point, exponent; surplus digits are rounded half-even.
//
//   parse_number("1000.005", 2, value)   value = 100000
//   parse_number("1e3", 0, value)        value = 1000
//
// Pure; time linear in the text.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/units.hpp"

namespace perpetua::gateway::hub {

enum class NumberFault : uint8_t {
  none = 0,
  malformed = 1,  // NaN and infinity too
  too_large = 2,  // beyond int64 after scaling
};

// `is_exact` tells whether nothing was rounded. On a fault `value` is untouched.
// REQUIRES: digits <= 18.
[[nodiscard]] NumberFault parse_number(std::string_view text, unsigned digits, int64_t& value,
                                       bool& is_exact);

// A number read with `digits` as micro-USDC. REQUIRES: digits <= 6, the product fits.
constexpr Micro to_micro(int64_t number, unsigned digits) {
  int64_t factor = 1;
  for (unsigned i = digits; i < 6; ++i) factor *= 10;
  return Micro(number * factor);
}

}  // namespace perpetua::gateway::hub
