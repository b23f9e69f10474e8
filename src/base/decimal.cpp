#include "base/decimal.hpp"

namespace perpetua {
namespace {

constexpr Int128 kInt64Max = INT64_MAX;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Accumulates digits; false once the magnitude cannot be an int64 after any scaling we do.
bool push_digit(Int128& value, unsigned digit) {
  constexpr Int128 kMax = kInt64Max * kInt64Max;
  if (value > (kMax - digit) / 10) return false;
  value = value * 10 + digit;
  return true;
}

// Text -> value x 10^digits in 128 bits.
DecimalError parse_wide(std::string_view text, unsigned digits, Int128& value) {
  if (text.empty() || text.size() > kDecimalBytesMax) return DecimalError::malformed;
  const bool negative = text.front() == '-';
  if (negative) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string_view fraction;
  if (point != std::string_view::npos) {
    fraction = text.substr(point + 1);
    if (fraction.empty()) return DecimalError::malformed;
  }
  if (whole.empty() || (whole.size() > 1 && whole.front() == '0')) return DecimalError::malformed;
  for (const char c : whole) {
    if (!is_digit(c)) return DecimalError::malformed;
  }
  for (const char c : fraction) {
    if (!is_digit(c)) return DecimalError::malformed;
  }
  while (!fraction.empty() && fraction.back() == '0') fraction.remove_suffix(1);
  if (fraction.size() > digits) return DecimalError::excess_digits;

  Int128 magnitude = 0;
  bool fits = true;
  for (const char c : whole) fits = fits && push_digit(magnitude, static_cast<unsigned>(c - '0'));
  for (unsigned i = 0; i < digits; ++i) {
    const unsigned digit = i < fraction.size() ? static_cast<unsigned>(fraction[i] - '0') : 0;
    fits = fits && push_digit(magnitude, digit);
  }
  if (!fits) return DecimalError::overflow;
  value = negative ? -magnitude : magnitude;
  return DecimalError::none;
}

bool fits_int64(Int128 value) { return value >= INT64_MIN && value <= INT64_MAX; }

void append_wide(std::string& out, Int128 value, unsigned digits) {
  PERPETUA_ASSERT(digits <= 18);
  char buffer[64];
  char* const end = buffer + sizeof buffer;
  char* cursor = end;
  Uint128 magnitude = value < 0 ? -static_cast<Uint128>(value) : static_cast<Uint128>(value);
  bool significant = false;  // a digit behind the point was written
  for (unsigned i = 0; i < digits; ++i) {
    const unsigned digit = static_cast<unsigned>(magnitude % 10);
    magnitude /= 10;
    significant = significant || digit != 0;
    if (significant) *--cursor = static_cast<char>('0' + digit);
  }
  if (significant) *--cursor = '.';
  // 64-bit division is several times faster, and nearly every value gets here with few digits.
  while (magnitude > UINT64_MAX) {
    *--cursor = static_cast<char>('0' + static_cast<unsigned>(magnitude % 10));
    magnitude /= 10;
  }
  uint64_t rest = static_cast<uint64_t>(magnitude);
  do {
    *--cursor = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  if (value < 0) *--cursor = '-';
  out.append(cursor, end);
}

}  // namespace

DecimalError parse_decimal(std::string_view text, unsigned digits, int64_t& value) {
  Int128 wide = 0;
  const DecimalError error = parse_wide(text, digits, wide);
  if (error != DecimalError::none) return error;
  if (!fits_int64(wide)) return DecimalError::overflow;
  value = static_cast<int64_t>(wide);
  return DecimalError::none;
}

DecimalError parse_on_grid(std::string_view text, int64_t unit_e9, int64_t& units) {
  PERPETUA_ASSERT(unit_e9 > 0);
  Int128 wide = 0;
  const DecimalError error = parse_wide(text, kGridDigits, wide);
  if (error != DecimalError::none) return error;
  Int128 quotient = wide / unit_e9;
  const Int128 rest = wide % unit_e9;
  if (rest < 0) --quotient;
  if (!fits_int64(quotient) || !fits_int64(quotient + 1)) return DecimalError::overflow;
  units = static_cast<int64_t>(quotient);
  return rest == 0 ? DecimalError::none : DecimalError::off_grid;
}

void append_decimal(std::string& out, int64_t value, unsigned digits) {
  append_wide(out, value, digits);
}

void append_on_grid(std::string& out, int64_t units, int64_t unit_e9) {
  append_wide(out, static_cast<Int128>(units) * unit_e9, kGridDigits);
}

}  // namespace perpetua
