#include "load/api.hpp"

#include <gtest/gtest.h>

namespace perpetua::load {
namespace {

const std::vector<TradedMarket> kMarkets = {{"BTC-PERP", 100'000'000, 10'000, 1'000'000, 680'000}};

NewOrder order(bool is_ioc = false) {
  NewOrder result;
  result.side = Side::sell;
  result.price_ticks = 680'005;
  result.lots = 1'500;
  result.is_ioc = is_ioc;
  result.number = 7;
  return result;
}

TEST(LoadApi, orders_are_exact_decimal_text) {
  const HttpCall call = order_call({{order()}, {}}, kMarkets);
  EXPECT_EQ(call.method, "POST");
  EXPECT_EQ(call.path, "/api/v1/orders");
  EXPECT_EQ(call.body, R"({"market":"BTC-PERP","side":"sell","size":"0.015","price":"68000.5",)"
                       R"("client_id":"load-7"})");
}

TEST(LoadApi, batches_and_cancels_have_their_own_calls) {
  const HttpCall batch = order_call({{order(), order(true)}, {}}, kMarkets);
  EXPECT_EQ(batch.path, "/api/v1/orders/batch");
  EXPECT_EQ(batch.body,
            R"({"orders":[{"market":"BTC-PERP","side":"sell","size":"0.015","price":"68000.5",)"
            R"("client_id":"load-7"},{"market":"BTC-PERP","side":"sell","size":"0.015",)"
            R"("price":"68000.5","time_in_force":"ioc","client_id":"load-7"}]})");
  const HttpCall cancel = order_call({{}, {42}}, kMarkets);
  EXPECT_EQ(cancel.method, "DELETE");
  EXPECT_EQ(cancel.path, "/api/v1/orders/42");
  const HttpCall cancels = order_call({{}, {42, 43}}, kMarkets);
  EXPECT_EQ(cancels.path, "/api/v1/orders/cancel");
  EXPECT_EQ(cancels.body, R"({"order_ids":["42","43"]})");
}

TEST(LoadApi, http_text_carries_key_and_length) {
  EXPECT_EQ(http_text({"POST", "/p", "{}"}, "h:1", "th_x"),
            "POST /p HTTP/1.1\r\nHost: h:1\r\nX-API-Key: th_x\r\nContent-Type: application/json"
            "\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(http_text({"GET", "/p", ""}, "h:1", "", "k"),
            "GET /p HTTP/1.1\r\nHost: h:1\r\nIdempotency-Key: k\r\n\r\n");
  EXPECT_EQ(http_text({"GET", "/p", ""}, "h:1", ""), "GET /p HTTP/1.1\r\nHost: h:1\r\n\r\n");
}

TEST(LoadApi, websocket_text_names_operation_and_id) {
  EXPECT_EQ(ws_order_text({{}, {42}}, kMarkets, 5), R"({"op":"cancel","id":5,"order_id":"42"})");
  EXPECT_TRUE(ws_order_text({{order()}, {}}, kMarkets, 6).starts_with(R"({"op":"place","id":6,)"));
  EXPECT_TRUE(ws_order_text({{}, {1, 2}}, kMarkets, 6).starts_with(R"({"op":"batch","id":6,)"));
  EXPECT_EQ(ws_auth_text("th_x"), R"({"op":"auth","id":1,"key":"th_x"})");
}

TEST(LoadApi, replies_are_ok_rejected_or_error) {
  const auto one = [](unsigned status, std::string_view body) {
    return read_order_reply(status, body, 1).at(0);
  };
  const OrderReply open = one(200, R"({"order_id":"77","status":"open"})");
  EXPECT_EQ(open.verdict, Verdict::ok);
  EXPECT_EQ(open.order_id, 77u);
  EXPECT_TRUE(open.is_open);
  EXPECT_FALSE(one(200, R"({"order_id":"77","status":"filled"})").is_open);
  EXPECT_EQ(one(422, R"({"code":"insufficient_margin","message":"m"})").verdict, Verdict::rejected);
  EXPECT_EQ(one(503, R"({"code":"overloaded"})").verdict, Verdict::rejected);
  EXPECT_EQ(one(500, "oops").verdict, Verdict::error);
  EXPECT_EQ(one(502, R"({"message":"bad gateway"})").verdict, Verdict::error);
  EXPECT_EQ(one(502, R"({"order_id":"77","status":"open"})").verdict, Verdict::error);
  EXPECT_EQ(one(200, "{}").verdict, Verdict::error);
}

TEST(LoadApi, batch_replies_are_counted_entry_by_entry) {
  const auto replies = read_order_reply(
      200, R"({"results":[{"order_id":"1","status":"open"},{"error":{"code":"would_cross"}}]})", 3);
  ASSERT_EQ(replies.size(), 3u);
  EXPECT_EQ(replies[0].verdict, Verdict::ok);
  EXPECT_EQ(replies[1].verdict, Verdict::rejected);
  EXPECT_EQ(replies[2].verdict, Verdict::error);  // the reply does not speak of it
  const auto refused = read_order_reply(429, R"({"code":"rate_limited"})", 2);
  EXPECT_EQ(refused[0].verdict, Verdict::rejected);
  EXPECT_EQ(refused[1].verdict, Verdict::rejected);
}

TEST(LoadApi, websocket_replies_are_matched_by_id) {
  const WsReply ok =
      read_ws_message(R"({"type":"reply","id":9,"ok":true,"order_id":"5","status":"open"})", 1);
  EXPECT_EQ(ok.id, 9u);
  EXPECT_EQ(ok.orders.at(0).verdict, Verdict::ok);
  const WsReply refused =
      read_ws_message(R"({"type":"reply","id":9,"ok":false,"error":{"code":"rate_limited"}})", 1);
  EXPECT_EQ(refused.orders.at(0).verdict, Verdict::rejected);
  EXPECT_EQ(read_ws_message(R"({"type":"connected","agent_id":null})", 1).id, 0u);
  EXPECT_TRUE(read_ws_message(R"({"type":"authenticated","id":1})", 1).is_authenticated);
  EXPECT_FALSE(read_ws_message(R"({"type":"error","id":1,"error":{"code":"unauthorized"}})", 1)
                   .is_authenticated);
}

TEST(LoadApi, markets_without_a_price_are_left_out) {
  const auto markets = read_markets(
      R"({"items":[{"market":"BTC-PERP","tick_size":"0.1","lot_size":"0.00001",)"
      R"("min_notional":"1","mark_price":"68000.5"},)"
      R"({"market":"ETH-PERP","tick_size":"0.01","lot_size":"0.0001","min_notional":"1",)"
      R"("mark_price":null}]})");
  ASSERT_TRUE(markets);
  ASSERT_EQ(markets->size(), 1u);
  EXPECT_EQ((*markets)[0].symbol, "BTC-PERP");
  EXPECT_EQ((*markets)[0].mark_ticks, 680'005);
  EXPECT_EQ((*markets)[0].lot_size_e9, 10'000);
  EXPECT_EQ((*markets)[0].notional_min_micro, 1'000'000);
  EXPECT_FALSE(read_markets("[]"));
}

TEST(LoadApi, registration_needs_id_and_key) {
  const auto registration = read_registration(R"({"agent_id":"3","api_key":"th_x"})");
  ASSERT_TRUE(registration);
  EXPECT_EQ(registration->agent_id, "3");
  EXPECT_EQ(registration->api_key, "th_x");
  EXPECT_FALSE(read_registration(R"({"agent_id":"3","api_key":null})"));
}

}  // namespace
}  // namespace perpetua::load
