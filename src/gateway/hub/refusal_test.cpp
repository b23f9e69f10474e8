#include "gateway/hub/refusal.hpp"

#include <gtest/gtest.h>

#include <set>

#include "gateway/codec/api_error.hpp"
#include "gateway/document_test_support.hpp"
#include "gateway/hub/document.hpp"
#include "gateway/hub/text.hpp"

namespace perpetua::gateway::hub {
namespace {

const std::string kTable = kind_table();

bool is_documented(Kind kind) {
  const std::string row =
      "| " + std::to_string(kind.status) + " | `" + std::string(kind.code) + "`";
  return kTable.find(row) != std::string::npos;
}

std::string detail_of(ResultCode code) { return lower_case(translate(ApiError(code)).detail); }

TEST(HubRefusal, every_engine_code_has_a_documented_kind_and_a_text) {
  for (const ResultInfo& info : kResultInfos) {
    if (info.code == ResultCode::ok) continue;
    EXPECT_TRUE(is_documented(kind_of(info.code))) << info.name;
    EXPECT_FALSE(translate(ApiError(info.code)).detail.empty()) << info.name;
  }
}

TEST(HubRefusal, keeps_the_phrases_that_clients_search_for) {
  EXPECT_NE(detail_of(ResultCode::insufficient_balance).find("insufficient"), std::string::npos);
  EXPECT_EQ(detail_of(ResultCode::insufficient_balance).find("margin"), std::string::npos);
  EXPECT_NE(detail_of(ResultCode::insufficient_margin).find("insufficient margin"),
            std::string::npos);
  EXPECT_NE(detail_of(ResultCode::own_signal).find("own signal"), std::string::npos);
  EXPECT_NE(detail_of(ResultCode::already_matched).find("already"), std::string::npos);
  EXPECT_NE(detail_of(ResultCode::already_matched).find("matched"), std::string::npos);
  EXPECT_NE(detail_of(ResultCode::faucet_limit).find("cooldown"), std::string::npos);
  EXPECT_EQ(translate(ApiError(ResultCode::no_position)).detail, "Position is already closed");
  EXPECT_EQ(translate(ApiError(ResultCode::unauthorized)).detail, "Invalid API key");
}

TEST(HubRefusal, what_the_engine_refuses_is_never_sent_again) {
  const std::set<ResultCode> unsequenced = {ResultCode::overloaded, ResultCode::shutting_down,
                                            ResultCode::exchange_unavailable,
                                            ResultCode::outcome_unknown};  // nobody knows
  for (const ResultInfo& info : kResultInfos) {
    EXPECT_EQ(kind_of(info.code).status >= 500, unsequenced.contains(info.code)) << info.name;
  }
}

TEST(HubRefusal, money_refusals_tell_what_is_needed_and_there) {
  ApiError error(ResultCode::insufficient_balance, "amount");
  error.numbers = {{"amount", "200.5"}, {"available", "0"}};
  const Refusal refusal = translate(error);
  EXPECT_EQ(refusal.kind.status, 400);
  EXPECT_EQ(refusal.detail, "Insufficient balance: required 200.50 USDC, available 0.00 USDC");
  ASSERT_EQ(refusal.siblings.size(), 2u);
  EXPECT_EQ(refusal.siblings[0].second, "200.5") << "a JSON number";
}

TEST(HubRefusal, what_the_engine_finds_invalid_has_its_errors_too) {
  const Refusal refusal = translate(ApiError(ResultCode::invalid_slippage, "max_slippage"));
  EXPECT_EQ(refusal.kind.code, "validation_failed");
  ASSERT_EQ(refusal.faults.size(), 1u);
  EXPECT_EQ(refusal.faults[0].field, "max_slippage");
  EXPECT_TRUE(translate(ApiError(ResultCode::insufficient_balance)).faults.empty());
}

TEST(HubRefusal, amounts_have_two_digits_or_more) {
  EXPECT_EQ(usdc_text(0), "0.00");
  EXPECT_EQ(usdc_text(1'500'000), "1.50");
  EXPECT_EQ(usdc_text(1'234'567), "1.234567");
  EXPECT_EQ(usdc_text(-10'000), "-0.01");
}

TEST(HubApiDocument, shows_the_tables_of_this_build) {
  test::expect_document_shows("docs/hub-api.md", "<!-- tables: begin -->", "<!-- tables: end -->",
                              make_hub_tables(hub_endpoints()));
}

}  // namespace
}  // namespace perpetua::gateway::hub
