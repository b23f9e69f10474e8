#include "gateway/codec/render.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "gateway/codec/api_error.hpp"
#include "gateway/codec/codec_test_support.hpp"
#include "gateway/codec/json_writer.hpp"

namespace perpetua::gateway {
namespace {

const test::TestMarkets markets;

TEST(Render, refusals_carry_their_numbers_in_the_market_s_units) {
  Command command(CommandType::place_order, 42, 0);
  command.place = PlaceOrder();
  const auto rendered = [&](ResultCode code, int64_t a, int64_t b, int64_t c) {
    std::string out;
    render_error(out, outcome_error(command, rejected(code, a, b, c), markets));
    return out;
  };
  EXPECT_EQ(
      rendered(ResultCode::insufficient_margin, 130'500'000, 12'250'000, 0),
      R"({"code":"insufficient_margin","message":"not enough collateral for the margin and )"
      R"(fee of this order","field":"size","hint":"deposit, cancel orders, or lower the size; )"
      R"(numbers are given","needed":"130.5","available":"12.25"})");
  EXPECT_NE(rendered(ResultCode::price_out_of_band, 1, 2, 3)
                .find(R"("price":"0.5","lowest":"1","highest":"1.5")"),
            std::string::npos);
  EXPECT_NE(rendered(ResultCode::conflicting_position, -5, 10, 0)
                .find(R"("position_size":"-0.005","opposite_open_size":"0.01")"),
            std::string::npos);
  EXPECT_NE(rendered(ResultCode::leverage_too_high, 50, 20, 0).find(R"("allowed":"20")"),
            std::string::npos);
  EXPECT_NE(rendered(ResultCode::invalid_slippage, 200'000, 100'000, 0).find(R"("maximum":"0.1")"),
            std::string::npos);
  command.place.budget = Micro(1);
  EXPECT_NE(rendered(ResultCode::size_too_small, 1, 2, 0).find(R"("field":"size_usdc")"),
            std::string::npos);
  EXPECT_EQ(outcome_error(command, rejected(ResultCode::price_unavailable), markets).retry_after_s,
            1);
}

TEST(JsonWriter, text_is_escaped_and_commas_are_right) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("a").begin_array().number(-1).id(UINT64_MAX).null().end_array();
  json.key("b").text("\"\\\n\x01\x7f\xc3\xa9").key("c").begin_object().end_object();
  json.key("d").boolean(true).end_object();
  EXPECT_EQ(out,
            "{\"a\":[-1,\"18446744073709551615\",null],\"b\":\"\\\"\\\\\\n\\u0001\\u007f\xc3\xa9\","
            "\"c\":{},\"d\":true}");
  EXPECT_EQ(boost::json::parse(out).at("b").as_string(), "\"\\\n\x01\x7f\xc3\xa9");
}

TEST(Render, a_position_shows_the_leverage_it_has_beside_the_setting) {
  const auto shown = [&](int64_t base, int64_t margin) {
    stores::PositionView view;
    view.base = Lots(base);
    view.entry_notional = Micro(1'000'000'000);
    view.notional = Micro(3'000'000'000);
    view.margin = Micro(margin);
    view.leverage = 7;
    std::string out;
    render_position(out, view, *markets.spec(0));
    const std::size_t from = out.find("\"leverage\":");
    return out.substr(from, out.find(",\"netting\"") - from);
  };
  EXPECT_EQ(shown(10, 200'000'000), R"("leverage":"5","leverage_setting":7)");
  EXPECT_EQ(shown(-10, 300'000'000), R"("leverage":"3.33","leverage_setting":7)");
  EXPECT_EQ(shown(10, 200'000'001), R"("leverage":"5","leverage_setting":7)") << "rounded";
  EXPECT_EQ(shown(0, 0), R"("leverage":null,"leverage_setting":7)");
  EXPECT_EQ(shown(10, 0), R"("leverage":null,"leverage_setting":7)");
}

}  // namespace
}  // namespace perpetua::gateway
