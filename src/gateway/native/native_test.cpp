// The native API against a real engine: what each endpoint does and what it refuses.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "gateway/http/io_thread.hpp"
#include "gateway/native/native_test_support.hpp"

namespace perpetua::gateway {
namespace {

using namespace test;
namespace json = boost::json;

TEST_F(Native, the_walk_of_a_newcomer) {
  add_maker();
  const AgentId agent = register_agent(client, "newcomer");
  EXPECT_EQ(post("/account/faucet", R"({"amount":"10000"})").text("free"), "10000");
  const HttpReply intent = post("/intents", R"({"market":"BTC-PERP","direction":"long",
      "size_usdc":"1000","leverage":5,"reason":"momentum"})");
  ASSERT_EQ(intent.status, 200) << intent.body;
  EXPECT_EQ(intent.text("status"), "filled");
  EXPECT_EQ(intent.text("filled"), "0.016663");
  EXPECT_EQ(intent.text("average_price"), "60010");
  expect_schema(intent.object(), "IntentResult");

  const json::array positions = items("/positions");
  ASSERT_EQ(positions.size(), 1u);
  expect_schema(positions[0], "Position");
  EXPECT_EQ(positions[0].at("side").as_string(), "long");
  EXPECT_EQ(positions[0].at("entry_price").as_string(), "60010");
  EXPECT_EQ(positions[0].at("leverage").as_string(), "5");
  EXPECT_EQ(positions[0].at("leverage_setting").as_int64(), 1) << "the intent had its own";

  const HttpReply account = get("/account");
  expect_schema(account.object(), "Account");
  EXPECT_EQ(account.text("agent_id"), std::to_string(agent));
  EXPECT_EQ(account.text("unrealised_pnl"), "-0.16663");

  const std::string id = intent.text("intent_id");
  const HttpReply stored = get("/intents/" + id);
  expect_schema(stored.object(), "IntentDetail");
  EXPECT_EQ(stored.text("reason"), "momentum");
  EXPECT_EQ(stored.text("status"), "active");
  EXPECT_EQ(items("/intents").size(), 1u);
  EXPECT_EQ(items("/intents?status=open").size(), 0u);

  const json::array fills = items("/fills");
  ASSERT_EQ(fills.size(), 1u);
  expect_schema(fills[0], "Fill");
  EXPECT_EQ(fills[0].at("liquidity").as_string(), "taker");

  EXPECT_EQ(post("/positions/BTC-PERP/close", "{}").code(), "");
  const json::array trades = items("/markets/BTC-PERP/trades");
  ASSERT_EQ(trades.size(), 1u);
  expect_schema(trades[0], "Trade");
  expect_schema(items("/markets/BTC-PERP/candles")[0], "Candle");
}

TEST_F(Native, orders_are_placed_amended_found_and_cancelled) {
  register_agent(client, "w", "100000");
  const std::string order = R"({"market":"BTC-PERP","side":"buy","size":"0.5","price":"59000",)";
  const HttpReply placed = post("/orders", order + R"("client_id":"mine"})");
  ASSERT_EQ(placed.status, 200) << placed.body;
  expect_schema(placed.object(), "OrderResult");
  EXPECT_EQ(placed.text("status"), "open");
  EXPECT_EQ(placed.text("remaining"), "0.5");
  const std::string id = placed.text("order_id");

  EXPECT_EQ(get("/orders/" + id).text("client_id"), "mine");
  expect_schema(get("/orders/by-client-id/mine").object(), "Order");
  EXPECT_EQ(get("/orders/by-client-id/mine?market=ETH-PERP").code(), "order_not_found");
  EXPECT_EQ(call("PATCH", "/orders/" + id, R"({"size":"0.4"})").text("remaining"), "0.4");
  EXPECT_EQ(call("PATCH", "/orders/by-client-id/mine?market=BTC-PERP", R"({"price":"58000"})")
                .text("price"),
            "58000");
  EXPECT_EQ(call("PATCH", "/orders/by-client-id/mine", R"({"price":"58000"})").text("field"),
            "market");
  for (const char* bad : {"mine%1F", "mine%7F", "mine%C2%80", "mine%20"}) {
    const HttpReply refused = get("/orders/by-client-id/" + std::string(bad));
    EXPECT_EQ(refused.code(), "invalid_field") << bad;
    EXPECT_EQ(refused.text("field"), "client_id") << bad;
  }
  EXPECT_EQ(get("/orders/by-client-id/mine%00x").code(), "not_found") << "not the order `mine`";
  EXPECT_EQ(items("/orders").size(), 1u);
  EXPECT_EQ(items("/orders?market=ETH-PERP").size(), 0u);

  const HttpReply cancelled = call("DELETE", "/orders/" + id);
  expect_schema(cancelled.object(), "CancelResult");
  EXPECT_EQ(cancelled.text("cancelled"), "0.4");
  EXPECT_EQ(call("DELETE", "/orders/" + id).code(), "order_not_found");
  EXPECT_EQ(call("DELETE", "/orders/by-client-id/mine").code(), "order_not_found");
  const json::array history = items("/orders/history");
  ASSERT_EQ(history.size(), 1u);
  expect_schema(history[0], "Order");
  EXPECT_EQ(history[0].at("close_reason").as_string(), "cancelled");
}

TEST_F(Native, batches_report_entry_by_entry) {
  register_agent(client, "w", "10000");
  const std::string good = R"({"market":"BTC-PERP","side":"buy","size":"0.01","price":"59000"})";
  const std::string huge = R"({"market":"BTC-PERP","side":"buy","size":"100","price":"59000"})";
  const HttpReply placed =
      post("/orders/batch", "{\"orders\":[" + good + "," + huge + "," + good + "]}",
           {{"Idempotency-Key", "batch-1"}});
  ASSERT_EQ(placed.status, 200) << placed.body;
  const json::object parsed = placed.object();
  const json::array& results = parsed.at("results").as_array();
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].at("status").as_string(), "open");
  EXPECT_EQ(results[1].at("error").at("code").as_string(), "insufficient_margin");
  EXPECT_TRUE(results[1].at("error").as_object().contains("needed"));
  const HttpReply repeat =
      post("/orders/batch", "{\"orders\":[" + good + "," + huge + "," + good + "]}",
           {{"Idempotency-Key", "batch-1"}});
  const json::object repeated = repeat.object();
  EXPECT_EQ(repeated.at("results").as_array()[2].at("order_id"), results[2].at("order_id"));
  EXPECT_TRUE(repeated.at("results").as_array()[0].at("replayed").as_bool());
  EXPECT_EQ(items("/orders").size(), 2u);
  const std::string ids = json::serialize(json::array{results[0].at("order_id"), "4"});
  const HttpReply cancelled = post("/orders/cancel", "{\"order_ids\":" + ids + "}");
  EXPECT_EQ(cancelled.status, 200) << cancelled.body;
  EXPECT_EQ(cancelled.object()["results"].as_array()[1].at("error").at("code").as_string(),
            "order_not_found");
  const HttpReply all = post("/orders/cancel-all", "{}");
  expect_schema(all.object(), "CancelAllResult");
  EXPECT_EQ(all.object()["cancelled_orders"].as_int64(), 1);
}

TEST_F(Native, a_repeat_returns_the_first_result_marked) {
  register_agent(client, "w", "10000");
  const std::string order = R"({"market":"BTC-PERP","side":"buy","size":"0.01","price":"59000")";
  const Headers key = {{"Idempotency-Key", "k1"}};
  const HttpReply first = post("/orders", order + "}", key);
  const HttpReply again = post("/orders", order + "}", key);
  EXPECT_EQ(again.text("order_id"), first.text("order_id"));
  EXPECT_FALSE(first.object()["replayed"].as_bool());
  EXPECT_TRUE(again.object()["replayed"].as_bool());
  EXPECT_EQ(post("/orders", order + R"(,"leverage":2})", key).code(), "idempotency_conflict");
  EXPECT_EQ(
      post("/orders", order + "}", {{"Idempotency-Key", std::string(129, 'k')}}).text("field"),
      "Idempotency-Key");
  const std::string named = order + R"(,"client_id":"c1"})";
  EXPECT_EQ(post("/orders", named).text("order_id"), post("/orders", named).text("order_id"));
  EXPECT_EQ(items("/orders").size(), 2u);
  const Headers refused = {{"Idempotency-Key", "k2"}};
  post("/account/withdraw", R"({"amount":"99999"})", refused);
  const HttpReply refusal = post("/account/withdraw", R"({"amount":"99999"})", refused);
  EXPECT_EQ(refusal.code(), "insufficient_balance");
  EXPECT_TRUE(refusal.object()["replayed"].as_bool());
}

TEST_F(Native, a_repeated_registration_does_not_show_the_key_again) {
  const Headers key = {{"Idempotency-Key", "r"}};
  const HttpReply first = post("/agents", R"({"wallet":"a","display_name":"A"})", key);
  const HttpReply again = post("/agents", R"({"wallet":"a","display_name":"A"})", key);
  expect_schema(first.object(), "NewAgent");
  expect_schema(again.object(), "NewAgent");
  EXPECT_EQ(again.text("agent_id"), first.text("agent_id"));
  EXPECT_TRUE(again.is_null("api_key"));
  EXPECT_TRUE(again.object()["replayed"].as_bool());
  EXPECT_EQ(post("/agents", R"({"wallet":"b"})", key).status, 200) << "a stranger's key is his own";
  EXPECT_EQ(post("/agents", R"({"wallet":"a","display_name":"B"})", key).code(),
            "idempotency_conflict");
  EXPECT_EQ(post("/agents", R"({"wallet":"a"})").code(), "wallet_taken");
}

TEST_F(Native, closing_a_position_can_be_repeated_after_it_is_gone) {
  add_maker();
  register_agent(client, "taker", "10000");
  ASSERT_EQ(post("/orders", R"({"market":"BTC-PERP","side":"buy","kind":"market","size":"0.01"})")
                .text("status"),
            "filled");
  {
    const std::string own = std::exchange(client.key, {});
    register_agent(client, "bidder", "10000");
    post("/orders", R"({"market":"BTC-PERP","side":"buy","size":"0.1","price":"59990"})");
    client.key = own;
  }
  const Headers key = {{"Idempotency-Key", "close"}};
  const HttpReply closed = post("/positions/BTC-PERP/close", "{}", key);
  ASSERT_EQ(closed.text("status"), "filled") << closed.body;
  expect_schema(closed.object(), "OrderResult");
  const HttpReply again = post("/positions/BTC-PERP/close", "{}", key);
  EXPECT_EQ(again.text("order_id"), closed.text("order_id"));
  EXPECT_TRUE(again.object()["replayed"].as_bool());
  // Now short: the first request's side is still found.
  ASSERT_EQ(post("/orders", R"({"market":"BTC-PERP","side":"sell","kind":"market","size":"0.01"})")
                .text("status"),
            "filled");
  EXPECT_EQ(post("/positions/BTC-PERP/close", "{}", key).text("order_id"), closed.text("order_id"));
  EXPECT_EQ(get("/positions/BTC-PERP").text("side"), "short");
  EXPECT_EQ(post("/positions/ETH-PERP/close", "{}", key).code(), "idempotency_conflict");
  EXPECT_EQ(post("/positions/ETH-PERP/close", "{}").code(), "no_position");
}

TEST_F(Native, settings_of_a_market) {
  register_agent(client, "w", "10000");
  const HttpReply leverage = call("PUT", "/positions/BTC-PERP/leverage", R"({"leverage":7})");
  expect_schema(leverage.object(), "LeverageResult");
  expect_schema(call("PUT", "/positions/BTC-PERP/netting", R"({"netting":true})").object(),
                "NettingResult");
  const HttpReply position = get("/positions/BTC-PERP");
  expect_schema(position.object(), "Position");
  EXPECT_EQ(position.object()["leverage_setting"].as_int64(), 7);
  EXPECT_TRUE(position.is_null("leverage")) << "no position";
  EXPECT_TRUE(position.object()["netting"].as_bool());
  EXPECT_TRUE(position.is_null("side"));
  const HttpReply refused = call("PUT", "/positions/BTC-PERP/leverage", R"({"leverage":50})");
  EXPECT_EQ(refused.code(), "leverage_too_high");
  EXPECT_EQ(refused.text("allowed"), "20");
  EXPECT_EQ(call("PUT", "/positions/X/leverage", R"({"leverage":5})").code(), "market_not_found");
}

TEST_F(Native, keys_are_scoped_listed_and_revoked) {
  register_agent(client, "w", "100");
  const std::string all = client.key;
  const HttpReply made = post("/keys", R"({"scopes":["read"]})");
  expect_schema(made.object(), "NewKey");
  const json::array keys = items("/keys");
  ASSERT_EQ(keys.size(), 2u);
  expect_schema(keys[1], "Key");

  client.key = made.text("api_key");
  EXPECT_EQ(get("/account").status, 200);
  const HttpReply refused =
      post("/orders", R"({"market":"BTC-PERP","side":"buy","size":"1","price":"1"})");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.text("field"), "trade");
  EXPECT_EQ(post("/keys", R"({"scopes":["read"]})").text("field"), "withdraw");
  EXPECT_EQ(post("/account/transfer", R"({"to_agent_id":"1","amount":"1"})").text("field"),
            "withdraw");

  client.key = all;
  const HttpReply revoked = call("DELETE", "/keys/" + made.text("key_id"));
  expect_schema(revoked.object(), "RevokedKey");
  EXPECT_EQ(call("DELETE", "/keys/" + made.text("key_id")).code(), "key_not_found");
  EXPECT_EQ(call("DELETE", "/keys/0").code(), "key_not_found");
  client.key = made.text("api_key");
  const HttpReply dead = get("/account");
  EXPECT_EQ(dead.status, 401);
  EXPECT_EQ(dead.header("www-authenticate"), "Bearer");

  client.key = all;
  const std::string soon = std::to_string(wall_clock_ms() - 1);
  const HttpReply expired = post("/keys", R"({"scopes":["read"],"expires_at":)" + soon + "}");
  client.key = expired.text("api_key");
  EXPECT_EQ(get("/account").code(), "unauthorized");
}

TEST_F(Native, money_moves_in_sandbox_mode) {
  const AgentId receiver = register_agent(client, "receiver");
  client.key.clear();
  register_agent(client, "sender", "100.5");
  const std::string to = std::to_string(receiver);
  const HttpReply moved =
      post("/account/transfer", R"({"to_agent_id":")" + to + R"(","amount":"0.5"})");
  expect_schema(moved.object(), "Balance");
  EXPECT_EQ(moved.text("free"), "100");
  EXPECT_EQ(post("/account/withdraw", R"({"amount":"40"})").text("free"), "60");
  const HttpReply short_of = post("/account/withdraw", R"({"amount":"61"})");
  EXPECT_EQ(short_of.status, 422);
  EXPECT_EQ(short_of.text("available"), "60");
  EXPECT_EQ(post("/account/transfer", R"({"to_agent_id":"999","amount":"1"})").text("field"),
            "to_agent_id");
  EXPECT_EQ(post("/account/deposit", R"({"amount":"1","agent_id":")" + to + "\"}").status, 403);
  EXPECT_EQ(post("/account/faucet", R"({"amount":"100001"})").code(), "faucet_limit");
  const json::array ledger = items("/account/ledger");  // at once
  ASSERT_EQ(ledger.size(), 3u);
  expect_schema(ledger[0], "LedgerEntry");
  EXPECT_EQ(ledger[0].at("kind").as_string(), "withdrawal");
}

TEST_F(Native, market_data_is_open_and_exact) {
  add_maker("1.5", "60010");
  const json::array markets = items("/markets");
  ASSERT_EQ(markets.size(), 2u);
  expect_schema(markets[0], "Market");
  expect_schema(markets[0].at("margin_tiers").as_array()[0], "Tier");
  EXPECT_EQ(get("/markets/BTC-PERP").text("best_ask"), "60010");
  EXPECT_TRUE(get("/markets/BTC-PERP").is_null("best_bid"));
  EXPECT_EQ(get("/markets/X").code(), "market_not_found");
  const HttpReply book = get("/markets/BTC-PERP/book?depth=5");
  expect_schema(book.object(), "Book");
  EXPECT_EQ(json::serialize(book.object()["asks"]), R"([["60010","1.5",1]])");
  expect_schema(items("/prices")[0], "Price");
  EXPECT_EQ(items("/markets/BTC-PERP/candles?interval=1h&from=0&limit=10").size(), 0u);
  for (const char* path : {"/markets/BTC-PERP/book?depth=0", "/markets/BTC-PERP/book?depth=x",
                           "/markets/BTC-PERP/candles?interval=2m", "/agents?limit=501",
                           "/markets/BTC-PERP/trades?page=2"}) {
    const HttpReply reply = get(path);
    EXPECT_EQ(reply.code(), "invalid_field") << path << reply.body;
    EXPECT_FALSE(reply.is_null("field")) << path;
  }
}

TEST_F(Native, lists_are_paged_by_cursor) {
  for (int i = 0; i < 5; ++i) {
    client.key.clear();
    register_agent(client, "w" + std::to_string(i));
    post("/thoughts", R"({"text":"t)" + std::to_string(i) + R"(","market":"BTC-PERP"})");
  }
  std::vector<std::string> wallets;
  std::string path = "/agents?limit=2";
  for (int pages = 0; pages < 10; ++pages) {
    const HttpReply page = get(path);
    const json::object rows = page.object();
    for (const json::value& row : rows.at("items").as_array()) {
      expect_schema(row, "Agent");
      wallets.emplace_back(row.at("wallet").as_string());
    }
    if (page.is_null("next_cursor")) break;
    path = "/agents?limit=2&cursor=" + page.text("next_cursor");
  }
  EXPECT_EQ(wallets, (std::vector<std::string>{"w0", "w1", "w2", "w3", "w4"}));
  for (const char* bad : {"/agents?cursor=x", "/orders?cursor=x", "/thoughts?cursor=x"}) {
    EXPECT_EQ(get(bad).code(), "invalid_cursor") << bad;
  }
  const json::array thoughts = items("/thoughts?limit=3");
  ASSERT_GE(thoughts.size(), 3u);
  expect_schema(thoughts[0], "Thought");
  EXPECT_EQ(thoughts[0].at("text").as_string(), "t4");
  EXPECT_EQ(items("/agents/2/thoughts").size(), 1u);
  EXPECT_EQ(get("/agents/77/thoughts").code(), "agent_not_found");
  EXPECT_EQ(get("/agents/77").code(), "agent_not_found");
  expect_schema(get("/agents/2").object(), "Agent");
}

}  // namespace
}  // namespace perpetua::gateway
