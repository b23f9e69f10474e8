// Lists and orders while the history is behind: fresh at once, never with a gap.
#include "gateway/native/native_test_support.hpp"

namespace perpetua::gateway {
namespace {

using namespace test;

TEST_F(Native, history_pages_are_whole_whatever_the_writer_has_reached) {
  register_agent(client, "w", "100000");
  for (int i = 0; i < 12; ++i) {
    post("/orders", R"({"market":"BTC-PERP","side":"buy","size":"0.01","price":")" +
                        std::to_string(59'000 + i) + "\"}");
    // At once, without waiting for the writer: the newest order is there.
    ASSERT_EQ(items("/orders/history?limit=3")[0].at("price").as_string(),
              std::to_string(59'000 + i));
  }
  ASSERT_TRUE(eventually([&] { return items("/orders/history?limit=12").size() == 12; }));
  std::vector<std::string> prices;
  std::string path = "/orders/history?limit=5";
  for (int pages = 0; pages < 10; ++pages) {
    const HttpReply page = get(path);
    const json::object rows = page.object();
    for (const json::value& row : rows.at("items").as_array()) {
      prices.emplace_back(row.at("price").as_string());
    }
    if (page.is_null("next_cursor")) break;
    path = "/orders/history?limit=5&cursor=" + page.text("next_cursor");
  }
  ASSERT_EQ(prices.size(), 12u);
  for (int i = 0; i < 12; ++i) EXPECT_EQ(prices[i], std::to_string(59'011 - i));
  EXPECT_EQ(get("/orders/history?cursor=zzz").code(), "invalid_cursor");
}

class LaggingHistory : public Native {
 protected:
  explicit LaggingHistory(const ServerOptions& options = test_options()) : Native(options) {
    register_agent(client, "w", "1000000");
  }
  // More than the hot store keeps of one agent; the first stays open the longest.
  void close_orders(int count) {
    const std::string body = R"({"market":"BTC-PERP","direction":"long","size_usdc":"100",
        "limit_price":"50000"})";
    const std::string first = post("/intents", body).text("intent_id");
    for (int i = 1; i < count; ++i) {
      const std::string id = post("/intents", body).text("intent_id");
      EXPECT_EQ(call("DELETE", "/intents/" + id).status, 200);
    }
    EXPECT_EQ(call("DELETE", "/intents/" + first).status, 200);
  }
  void fill_orders(int count) {
    const std::string own = client.key;
    add_maker("10");
    client.key = own;
    take(count);
  }
  void take(int count) {
    for (int i = 0; i < count; ++i) {
      EXPECT_EQ(post("/orders", R"({"market":"BTC-PERP","side":"buy","size":"0.01",
          "price":"60010"})")
                    .text("status"),
                "filled");
    }
  }
  // Asks while history is behind, then lets it catch up.
  json::array items_once_released(const std::string& path) {
    client.write("GET /api/v1" + path + " HTTP/1.1\r\nX-API-Key: " + client.key + "\r\n\r\n");
    exchange.release_history();
    const HttpReply reply = client.read();
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.object()["items"].as_array();
  }
};

ServerOptions impatient() {
  ServerOptions options = test_options();
  options.history_wait_ms = 50;
  return options;
}

class ImpatientHistory : public LaggingHistory {
 protected:
  ImpatientHistory() : LaggingHistory(impatient()) {}
};

TEST_F(LaggingHistory, pages_have_no_gap_between_the_hot_store_and_history) {
  exchange.hold_history();
  close_orders(150);
  EXPECT_EQ(items_once_released("/orders/history?limit=500").size(), 150u);
  EXPECT_EQ(items("/intents?limit=500").size(), 150u);
  exchange.hold_history();
  fill_orders(130);
  EXPECT_EQ(items_once_released("/fills?limit=500").size(), 130u);
}

TEST_F(LaggingHistory, pages_that_memory_can_fill_do_not_wait_and_have_no_gap) {
  ASSERT_TRUE(eventually([&] { return get("/fills").status == 200; }));
  exchange.hold_history();
  fill_orders(130);
  const HttpReply first = get("/fills?limit=50");
  const HttpReply second = get("/fills?limit=50&cursor=" + first.text("next_cursor"));
  // That was all memory has: the rest is history's.
  const auto third = items_once_released("/fills?limit=50&cursor=" + second.text("next_cursor"));
  std::vector<std::string> trades;
  const auto add = [&](const json::array& rows) {
    for (const json::value& row : rows) trades.emplace_back(row.at("trade_id").as_string());
  };
  add(first.object()["items"].as_array());
  add(second.object()["items"].as_array());
  add(third);
  ASSERT_EQ(trades.size(), 130u);
  for (int i = 0; i < 130; ++i) EXPECT_EQ(trades[i], std::to_string(130 - i));
  const std::string beyond = second.text("next_cursor");
  exchange.hold_history();
  take(110);  // memory has dropped what that cursor stands for
  EXPECT_EQ(items("/fills?limit=10&cursor=" + beyond)[0].at("trade_id").as_string(), "30");
}

TEST_F(LaggingHistory, orders_closed_long_ago_are_found) {
  const std::string order = R"({"market":"BTC-PERP","side":"buy","size":"0.01","price":"59000",)";
  const std::string id = post("/orders", order + R"("client_id":"mine"})").text("order_id");
  EXPECT_EQ(items("/orders/history").size(), 1u);
  exchange.hold_history();
  EXPECT_EQ(call("DELETE", "/orders/" + id).status, 200);
  close_orders(150);
  client.write("GET /api/v1/orders/by-client-id/mine HTTP/1.1\r\nX-API-Key: " + client.key +
               "\r\n\r\n");
  exchange.release_history();
  EXPECT_EQ(client.read().text("status"), "cancelled") << "history alone would still say open";
}

TEST_F(ImpatientHistory, what_cannot_be_told_without_a_gap_is_refused) {
  ASSERT_TRUE(eventually([&] { return get("/account/ledger").status == 200; }));
  exchange.hold_history();
  close_orders(150);
  EXPECT_EQ(items("/account/ledger").size(), 1u) << "nothing came since";
  EXPECT_EQ(items("/fills").size(), 0u) << "nor here";
  post("/account/deposit", R"({"amount":"1"})");
  for (const char* path : {"/orders/history", "/intents", "/account/ledger",
                           "/orders/by-client-id/mine", "/orders/4294967297"}) {
    const HttpReply refused = get(path);
    EXPECT_EQ(refused.status, 503) << path << refused.body;
    EXPECT_EQ(refused.code(), "exchange_unavailable") << path;
    EXPECT_EQ(refused.header("retry-after"), "1") << path;
  }
  EXPECT_EQ(items("/intents?status=open").size(), 0u);
}

TEST_F(ImpatientHistory, who_has_few_rows_does_not_wait) {
  close_orders(1);
  fill_orders(1);
  // The writer groups for as long as a caller waits here: a slow machine may need to ask again.
  ASSERT_TRUE(eventually([&] { return get("/fills").status == 200; }));
  EXPECT_EQ(items("/fills").size(), 1u);
  exchange.hold_history();
  close_orders(50);
  EXPECT_EQ(items("/intents").size(), 51u);
  EXPECT_EQ(items("/orders/history?limit=500").size(), 52u);
  EXPECT_EQ(items("/fills").size(), 1u);
}

}  // namespace
}  // namespace perpetua::gateway
