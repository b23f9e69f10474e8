#include "gateway/hub/render.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "gateway/hub/format.hpp"
#include "stores/activity/activity_test_support.hpp"

namespace perpetua::gateway::hub {
namespace {

using stores::PositionRecord;

class RenderTest : public stores::test::ActivityTest {
 protected:
  template <class Write>
  boost::json::object object_of(const Write& write) {
    text_.clear();
    JsonWriter json(text_);
    write(json);
    return boost::json::parse(text_).as_object();
  }

  std::string text_;
};

TEST(Render, percentages_have_the_digits_they_are_asked_for) {
  EXPECT_EQ(percent_text(500, 3), "0.050%");
  EXPECT_EQ(percent_text(500, 2), "0.05%");
  EXPECT_EQ(percent_text(5'000, 1), "0.5%");
  EXPECT_EQ(percent_text(25'000, 1), "2.5%");
  EXPECT_EQ(percent_text(10'000, 0), "1%");
}

TEST(Render, rates_are_rounded_to_a_ten_thousandth_of_a_percent) {
  EXPECT_EQ(rate_text(12'500), "0.0013%");
  EXPECT_EQ(rate_text(-12'500), "-0.0013%");
  EXPECT_EQ(rate_text(0), "0.0000%");
  EXPECT_EQ(rate_text(-100), "0.0000%");
  EXPECT_EQ(rate_text(40'000'000), "4.0000%");
}

TEST(Render, leverage_is_the_nearest_whole_one) {
  PositionRecord record;
  record.entry_notional = Micro(1'000);
  record.margin = Micro(200);
  EXPECT_EQ(leverage_of(record), 5);
  record.margin = Micro(223);  // 4.48
  EXPECT_EQ(leverage_of(record), 4);
  record.margin = Micro(222);  // 4.504
  EXPECT_EQ(leverage_of(record), 5);
  record.margin = Micro(5'000);
  EXPECT_EQ(leverage_of(record), 1);
  record.margin = Micro(0);  // of a position that closed before a restart
  EXPECT_EQ(leverage_of(record), 1);
}

TEST(Render, average_prices_are_exact_for_the_cheapest_assets_too) {
  MarketSpec spec = stores::test::make_spec();
  EXPECT_EQ(average_price_e9(Micro(999'960'000), Lots(16'666), spec), 60'000'000'000'000);
  spec.tick_size_e9 = 1;
  spec.lot_size_e9 = 1'000'000'000'000;  // 1,000 of the asset
  EXPECT_EQ(average_price_e9(Micro(21'000), Lots(2), spec), 10'500);  // 0.0000105
}

TEST(Render, an_alert_is_named_by_owner_and_sequence) {
  const uint64_t number = alert_number(262'143, (1ull << 46) - 1);
  EXPECT_EQ(alert_owner(number), 262'143u);
  EXPECT_EQ(alert_sequence(number), (1ull << 46) - 1);
}

TEST_F(RenderTest, of_two_stops_the_one_that_acts_first_is_shown) {
  place(1, Side::sell, 60'000, 10'000);
  intend(2, Side::buy, 600'000'000);
  for (const int64_t at : {58'000, 59'000, 57'000}) {
    Command command(CommandType::place_trigger, 2, 0);
    command.trigger = PlaceTrigger{};
    command.trigger.stop = Price(at);
    command.trigger.take_profit = Price(120'000 - at);
    ASSERT_EQ(run(command).code, ResultCode::ok);
  }
  EXPECT_EQ(find_guards(store_, 2, 0).stop_loss, Price(59'000));
  EXPECT_EQ(find_guards(store_, 2, 0).take_profit, Price(61'000));
  EXPECT_EQ(find_guards(store_, 1, 0).stop_loss, Price(0));
}

TEST_F(RenderTest, a_position_shows_what_it_is_worth_and_what_it_came_to) {
  place(1, Side::sell, 60'000, 10'000);
  intend(2, Side::buy, 600'000'000);
  set_price(60'600);
  const PositionRecord record = open_position(2);
  auto shown = object_of([&](JsonWriter& json) { write_position(json, store_, record); });
  EXPECT_EQ(shown.size(), 23u);
  EXPECT_EQ(shown.at("unrealized_pnl").as_double(), 6.0);
  EXPECT_EQ(shown.at("unrealized_pnl_pct").as_double(), 5.0);
  EXPECT_TRUE(shown.at("realized_pnl").is_null());
  EXPECT_TRUE(shown.at("stop_loss").is_null());
  buy_back(1, 60'500, 10'000);
  close(2, Side::sell);
  const PositionRecord ended = *activity().positions().find(record.id);
  shown = object_of([&](JsonWriter& json) { write_position(json, store_, ended); });
  EXPECT_EQ(shown.at("realized_pnl").as_double(), 5.0);
  EXPECT_EQ(shown.at("current_price").as_double(), 60'500.0);
  EXPECT_EQ(shown.at("unrealized_pnl").as_double(), 0.0);
  EXPECT_FALSE(shown.at("is_open").as_bool());
}

TEST_F(RenderTest, numbers_have_a_point_and_no_exponent) {
  place(1, Side::sell, 60'000, 10'000);
  const OrderId id = intend(2, Side::buy, 600'000'000).id;
  object_of([&](JsonWriter& json) {
    write_intent(json, store_, *activity().intents().find(id));
  });
  EXPECT_NE(text_.find("\"size_usdc\":600.0,"), std::string::npos);
  EXPECT_NE(text_.find("\"max_slippage\":0.01,"), std::string::npos);
  EXPECT_NE(text_.find("\"execution_price\":60000.0,"), std::string::npos);
}

}  // namespace
}  // namespace perpetua::gateway::hub
