#include "base/decimal.hpp"

#include <gtest/gtest.h>

#include <random>

namespace perpetua {
namespace {

int64_t parsed(std::string_view text, unsigned digits) {
  int64_t value = -777;
  EXPECT_EQ(parse_decimal(text, digits, value), DecimalError::none) << text;
  return value;
}

DecimalError error_of(std::string_view text, unsigned digits = 6) {
  int64_t value = -777;
  const DecimalError error = parse_decimal(text, digits, value);
  EXPECT_TRUE(error == DecimalError::none || value == -777) << "touched on error: " << text;
  return error;
}

TEST(Decimal, text_becomes_scaled_integer_exactly) {
  EXPECT_EQ(parsed("0", 6), 0);
  EXPECT_EQ(parsed("-0.5", 6), -500'000);
  EXPECT_EQ(parsed("1.5", 6), 1'500'000);
  EXPECT_EQ(parsed("0.000001", 6), 1);
  EXPECT_EQ(parsed("1.500000000000", 6), 1'500'000) << "zeros beyond the scale are exact";
  EXPECT_EQ(parsed("9223372036854775807", 0), INT64_MAX);
  EXPECT_EQ(parsed("-9223372036854775808", 0), INT64_MIN);
  EXPECT_EQ(parsed("9223372036854.775807", 6), INT64_MAX);
}

TEST(Decimal, what_is_not_plain_decimal_text_is_malformed) {
  for (const char* text : {"", "-", ".", ".5", "5.", "+1", "1e5", "1,5", " 1", "1 ", "0x1", "01",
                           "-01", "1.2.3", "--1", "1.-2", "NaN", "Infinity", "1_000"}) {
    EXPECT_EQ(error_of(text), DecimalError::malformed) << text;
  }
  EXPECT_EQ(error_of(std::string(kDecimalBytesMax + 1, '1')), DecimalError::malformed);
  EXPECT_EQ(error_of(std::string_view("1\0", 2)), DecimalError::malformed);
}

TEST(Decimal, excess_digits_and_overflow_are_told_apart) {
  EXPECT_EQ(error_of("0.0000001"), DecimalError::excess_digits);
  EXPECT_EQ(error_of("9223372036854775808", 0), DecimalError::overflow);
  EXPECT_EQ(error_of("-9223372036854775809", 0), DecimalError::overflow);
  EXPECT_EQ(error_of("9223372036854.775808"), DecimalError::overflow);
  EXPECT_EQ(error_of(std::string(kDecimalBytesMax, '9')), DecimalError::overflow);
}

TEST(Decimal, grid_values_are_whole_units_or_name_the_unit_below) {
  int64_t units = 0;
  EXPECT_EQ(parse_on_grid("65000.5", 500'000'000, units), DecimalError::none);
  EXPECT_EQ(units, 130'001);
  EXPECT_EQ(parse_on_grid("65000.7", 500'000'000, units), DecimalError::off_grid);
  EXPECT_EQ(units, 130'001);
  EXPECT_EQ(parse_on_grid("-0.7", 500'000'000, units), DecimalError::off_grid);
  EXPECT_EQ(units, -2);
  EXPECT_EQ(parse_on_grid("0.0000000001", 1, units), DecimalError::excess_digits);
  EXPECT_EQ(parse_on_grid("99999999999999999999", 1, units), DecimalError::overflow);
}

TEST(Decimal, text_is_the_shortest_exact_one) {
  EXPECT_EQ(decimal_text(0, 6), "0");
  EXPECT_EQ(decimal_text(1'500'000, 6), "1.5");
  EXPECT_EQ(decimal_text(-1, 6), "-0.000001");
  EXPECT_EQ(decimal_text(1'000'000'000, 6), "1000");
  EXPECT_EQ(decimal_text(10, 0), "10");
  EXPECT_EQ(decimal_text(INT64_MIN, 0), "-9223372036854775808");
  EXPECT_EQ(decimal_text(INT64_MAX, 18), "9.223372036854775807");
  EXPECT_EQ(grid_text(130'001, 500'000'000), "65000.5");
  EXPECT_EQ(grid_text(INT64_MAX, 1'000'000'000), "9223372036854775807");
  EXPECT_EQ(grid_text(-3, 100'000), "-0.0003");
}

TEST(Decimal, every_value_survives_the_round_trip) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const int64_t value = static_cast<int64_t>(random()) >> (random() % 64);
    const unsigned digits = static_cast<unsigned>(random() % 19);
    ASSERT_EQ(parsed(decimal_text(value, digits), digits), value);
    const int64_t unit_e9 = 1 + static_cast<int64_t>(random() % 1'000'000'000);
    const int64_t units = value >> 31;
    int64_t back = 0;
    ASSERT_EQ(parse_on_grid(grid_text(units, unit_e9), unit_e9, back), DecimalError::none);
    ASSERT_EQ(back, units);
  }
}

}  // namespace
}  // namespace perpetua
