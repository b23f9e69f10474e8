#include "gateway/hub/format.hpp"

#include <gtest/gtest.h>

#include "gateway/codec/codec_test_support.hpp"
#include "gateway/hub/input.hpp"

namespace perpetua::gateway::hub {
namespace {

std::string number(int64_t value, unsigned digits) {
  std::string out;
  append_number(out, value, digits);
  return out;
}

TEST(HubFormat, numbers_are_exact_and_always_have_a_point) {
  EXPECT_EQ(number(1'000'000'000, 6), "1000.0");
  EXPECT_EQ(number(499'980, 6), "0.49998");
  EXPECT_EQ(number(-1, 6), "-0.000001");
  EXPECT_EQ(number(0, 6), "0.0");
  EXPECT_EQ(number(INT64_MAX, 6), "9223372036854.775807");
}

TEST(HubFormat, prices_follow_the_tick) {
  const test::TestMarkets markets;
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  write_price(json, Price(120'001), *markets.spec(0));
  write_price(json, Price(120'000), *markets.spec(0));
  write_price_or_null(json, Price(0), *markets.spec(0));
  json.end_array();
  EXPECT_EQ(out, "[60000.5,60000.0,null]");
}

TEST(HubFormat, times_have_six_digits_and_an_offset) {
  EXPECT_EQ(time_text(1'795'316'900'306), "2026-11-22T03:08:20.306000+00:00");
  EXPECT_EQ(time_text(7), "1970-01-01T00:00:00.007000+00:00");
}

TEST(HubFormat, agents_have_four_digits_or_more_and_lead_back) {
  for (const AgentId agent : {1u, 7u, 9'999u, 10'000u, 262'144u}) {
    EXPECT_EQ(parse_agent_name(agent_name(agent)), agent);
  }
  EXPECT_EQ(agent_name(7), "agent_0007");
  EXPECT_EQ(agent_name(12'345), "agent_12345");
  for (const char* text : {"", "agent_", "agent_7", "agent_00007", "agent_0000", "agent_-001",
                           "agent_0007 ", "Agent_0007", "agent_99999999999", "agent_0x07"}) {
    EXPECT_FALSE(parse_agent_name(text)) << text;
  }
}

TEST(HubFormat, ids_keep_their_prefix_and_lead_back) {
  EXPECT_EQ(id_text(IdKind::intent, 0xABC), "int_000000000abc");
  EXPECT_EQ(id_text(IdKind::key, 12), "key_000000000000000c");
  EXPECT_EQ(id_text(IdKind::alert, 1), "alert_00000001");
  EXPECT_EQ(id_text(IdKind::intent, UINT64_MAX), "int_ffffffffffffffff");
  for (const uint64_t value : {uint64_t{0}, uint64_t{1} << 47, UINT64_MAX}) {
    EXPECT_EQ(parse_id_text(IdKind::position, id_text(IdKind::position, value)), value);
  }
  for (const char* text : {"", "int_", "pos_000000000abc", "int_abc", "int_000000000ABC",
                           "int_0000000000abc", "int_00000000zabc", "int_11111111111111111"}) {
    EXPECT_FALSE(parse_id_text(IdKind::intent, text)) << text;
  }
}

TEST(HubFormat, assets_are_found_in_both_forms_and_any_case) {
  const test::TestMarkets markets;
  for (const char* text : {"BTC", "btc", "BTC-PERP", "btc-perp", "Btc-Perp"}) {
    EXPECT_EQ(find_asset(markets, text), MarketId{0}) << text;
  }
  for (const char* text : {"", "BTC-", "NONE", "BTC-PERP-PERP", "BTC PERP"}) {
    EXPECT_FALSE(find_asset(markets, text)) << text;
  }
  EXPECT_FALSE(find_asset(markets, std::string(10'000, 'B')));
}

}  // namespace
}  // namespace perpetua::gateway::hub
