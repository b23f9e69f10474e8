#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "gateway/codec/codec_test_support.hpp"
#include "gateway/codec/fields.hpp"
#include "gateway/codec/parse.hpp"
#include "gateway/codec/request_fields.hpp"

namespace perpetua::gateway {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;

class ParsePricesTest : public ::testing::Test {
 protected:
  bool parse(const std::string& entry, std::size_t quorum = 1) {
    error_ = ApiError();
    submissions_.clear();
    const auto value = boost::json::parse("{\"prices\":[" + entry + "]}");
    return check_fields(value.get_object(), kPushPricesFields, error_) &&
           parse_prices(value.get_object(), markets_, {kNow, quorum}, submissions_, error_);
  }
  const UpdatePrice& update() const { return submissions_.at(0).command.update_price; }

  test::TestMarkets markets_;
  std::vector<runtime::Submission> submissions_;
  ApiError error_;
};

TEST_F(ParsePricesTest, several_sources_become_their_weighted_median) {
  ASSERT_TRUE(parse(R"({"market":"BTC-PERP","sources":[
    {"price":"60010","weight":3},{"price":"60000.3","weight":2},{"price":"59990","weight":2},
    {"price":"60030"},{"price":"59000"}]})"));
  EXPECT_EQ(update().price, Price(120'000));  // 60,000.3 cut down to the tick of 0.5
  EXPECT_EQ(update().source_time_ms, kNow);
}

TEST_F(ParsePricesTest, fewer_fresh_sources_than_the_quorum_are_refused) {
  const std::string entry = R"({"market":"BTC-PERP","sources":[{"price":"100"},
    {"price":"101","source_time":)" +
                            std::to_string(kNow - 10'001) + "}]}";
  EXPECT_TRUE(parse(entry, 1));
  EXPECT_EQ(update().price, Price(200));
  EXPECT_FALSE(parse(entry, 2));
  EXPECT_EQ(error_.code, ResultCode::price_stale);
  EXPECT_EQ(error_.field, "prices[0].sources");
  EXPECT_FALSE(parse(R"({"market":"BTC-PERP","price":"100"})", 2));
  EXPECT_EQ(error_.code, ResultCode::price_stale);
}

TEST_F(ParsePricesTest, a_source_that_makes_no_sense_is_refused_by_its_place) {
  const char* const bad[] = {R"({"price":"0"})", R"({"price":"-1"})", R"({"price":"1e3"})",
                             R"({"price":"0.4"})"};
  for (const char* source : bad) {
    EXPECT_FALSE(
        parse(std::string(R"({"market":"BTC-PERP","sources":[{"price":"1"},)") + source + "]}"))
        << source;
    EXPECT_EQ(error_.field, "prices[0].sources[1].price") << source;
  }
  EXPECT_FALSE(parse(R"({"market":"BTC-PERP","sources":[{"price":"1","weight":0}]})"));
  EXPECT_EQ(error_.field, "prices[0].sources[0].weight");
  EXPECT_FALSE(parse(R"({"market":"BTC-PERP","sources":[{"price":"1","source_time":)" +
                     std::to_string(kNow + 2'001) + "}]}"));
  EXPECT_EQ(error_.field, "prices[0].sources[0].source_time");
}

TEST_F(ParsePricesTest, price_and_sources_exclude_each_other) {
  EXPECT_FALSE(parse(R"({"market":"BTC-PERP"})"));
  EXPECT_EQ(error_.code, ResultCode::missing_field);
  EXPECT_FALSE(parse(R"({"market":"BTC-PERP","price":"1","sources":[{"price":"1"}]})"));
  EXPECT_EQ(error_.code, ResultCode::invalid_field);
  EXPECT_FALSE(parse(R"({"market":"BTC-PERP","sources":[]})"));
  EXPECT_EQ(error_.field, "prices[0].sources");
}

}  // namespace
}  // namespace perpetua::gateway
