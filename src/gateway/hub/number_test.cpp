#include "gateway/hub/number.hpp"

#include <gtest/gtest.h>

#include <string>

namespace perpetua::gateway::hub {
namespace {

struct Case {
  const char* text;
  unsigned digits;
  int64_t value;
  bool is_exact;
};

TEST(HubNumber, reads_what_clients_send_without_floating_point) {
  const Case cases[] = {{"12", 2, 1'200, true},      {"12.5", 2, 1'250, true},
                        {" 12.50 ", 2, 1'250, true}, {"+1", 0, 1, true},
                        {"-1.5", 1, -15, true},      {".5", 1, 5, true},
                        {"5.", 0, 5, true},          {"1e3", 0, 1'000, true},
                        {"1.25E+1", 1, 125, true},   {"125e-2", 2, 125, true},
                        {"0", 2, 0, true},           {"-0.0", 2, 0, true},
                        {"007", 0, 7, true},         {"0.1", 18, 100'000'000'000'000'000, true},
                        {"5.0", 0, 5, true},         {"2.5", 0, 2, false},
                        {"0e999999", 2, 0, true},    {"9223372036854775807", 0, INT64_MAX, true}};
  for (const Case& c : cases) {
    int64_t value = -77;
    bool is_exact = false;
    EXPECT_EQ(parse_number(c.text, c.digits, value, is_exact), NumberFault::none) << c.text;
    EXPECT_EQ(value, c.value) << c.text;
    EXPECT_EQ(is_exact, c.is_exact) << c.text;
  }
}

TEST(HubNumber, rounds_half_to_even) {
  const std::pair<const char*, int64_t> cases[] = {
      {"0.005", 0},          {"0.015", 2},
      {"0.025", 2},          {"0.0251", 3},
      {"0.0249999", 2},      {"0.001", 0},
      {"1000.005", 100'000}, {"1000.015", 100'002},
      {"-0.015", -2},        {"0.00500000000000000000000000000000001", 1},
      {"1e-30", 0},          {"0.9999", 100}};
  for (const auto& [text, cents] : cases) {
    int64_t value = -77;
    bool is_exact = true;
    EXPECT_EQ(parse_number(text, 2, value, is_exact), NumberFault::none) << text;
    EXPECT_EQ(value, cents) << text;
    EXPECT_FALSE(is_exact) << text;
  }
}

TEST(HubNumber, refuses_what_is_no_number_or_too_large) {
  int64_t value = -77;
  bool is_exact = false;
  for (const char* text : {"", " ", ".", "-", "e5", "1e", "1e+", "NaN", "Infinity", "-inf", "1,5",
                           "0x10", "1.2.3", "1 2", "12a", "--1"}) {
    EXPECT_EQ(parse_number(text, 2, value, is_exact), NumberFault::malformed) << text;
  }
  for (const char* text : {"1e30", "9223372036854775808", "-9223372036854775808",
                           "99999999999999999999999999", "1e999999999999999999999"}) {
    EXPECT_EQ(parse_number(text, 0, value, is_exact), NumberFault::too_large) << text;
  }
  EXPECT_EQ(parse_number(std::string(60'000, '9'), 2, value, is_exact), NumberFault::too_large);
  EXPECT_EQ(value, -77);
}

}  // namespace
}  // namespace perpetua::gateway::hub
