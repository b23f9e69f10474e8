// Exact decimal text <-> scaled int64. No floating point, no rounding: text that the scale cannot
// hold is an error that says which.
//
// Grammar: `-`? digits ( `.` digits )?, no exponent, no `+`, no needless leading zero, at most
// kDecimalBytesMax bytes. Zeros beyond the scale are accepted, because the value stays exact.
//
//   scaled  value = text x 10^digits               ("1.5", 6 digits -> 1,500,000)
//   grid    units = text / (unit_e9 x 10^-9)       ("65000.5", unit 0.5 -> 130,001)
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/units.hpp"

namespace perpetua {

inline constexpr std::size_t kDecimalBytesMax = 40;
inline constexpr unsigned kMicroDigits = 6;  // Micro is 10^-6 USDC
inline constexpr unsigned kGridDigits = 9;   // tick and lot sizes are in 10^-9

enum class DecimalError : uint8_t {
  none = 0,
  malformed = 1,      // not the grammar above
  excess_digits = 2,  // more significant digits behind the point than the scale has
  overflow = 3,       // beyond int64
  off_grid = 4,       // not a whole number of units (grid only)
};

// On an error `value` is untouched.
[[nodiscard]] DecimalError parse_decimal(std::string_view text, unsigned digits, int64_t& value);

// On off_grid `units` is the grid value below (towards minus infinity); units + 1 is the one above.
// REQUIRES: unit_e9 > 0.
[[nodiscard]] DecimalError parse_on_grid(std::string_view text, int64_t unit_e9, int64_t& units);

// Shortest exact text: no zeros behind the last significant digit, "0" for zero.
// REQUIRES: digits <= 18.
void append_decimal(std::string& out, int64_t value, unsigned digits);
void append_on_grid(std::string& out, int64_t units, int64_t unit_e9);

inline std::string decimal_text(int64_t value, unsigned digits) {
  std::string out;
  append_decimal(out, value, digits);
  return out;
}

inline std::string grid_text(int64_t units, int64_t unit_e9) {
  std::string out;
  append_on_grid(out, units, unit_e9);
  return out;
}

}  // namespace perpetua
