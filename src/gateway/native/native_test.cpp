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

TEST_F(Native, the_operator_funds_and_pushes_prices) {
  const AgentId agent = register_agent(client, "w");
  EXPECT_EQ(post("/prices", R"({"prices":[]})").text("field"), "operator");
  client.key = kOperatorKey;
  EXPECT_EQ(post("/account/deposit", R"({"amount":"5"})").text("field"), "agent_id");
  EXPECT_EQ(
      post("/account/deposit", R"({"amount":"5","agent_id":")" + std::to_string(agent) + "\"}")
          .text("free"),
      "5");
  EXPECT_EQ(post("/account/deposit", R"({"amount":"5","agent_id":"4000"})").code(),
            "agent_not_found");
  const HttpReply pushed = post("/prices", R"({"prices":[{"market":"BTC-PERP","price":"60100"},
      {"market":"ETH-PERP","price":"1","source_time":1}]})");
  ASSERT_EQ(pushed.status, 200) << pushed.body;
  const json::object parsed = pushed.object();
  expect_schema(parsed.at("results").as_array()[0], "PushedPrice");
  EXPECT_EQ(parsed.at("results").as_array()[0].at("index_price").as_string(), "60100");
  EXPECT_TRUE(parsed.at("results").as_array()[1].as_object().contains("error"));
  EXPECT_EQ(post("/thoughts", R"({"text":"x"})").code(), "forbidden") << "no account";
  const std::string ahead = std::to_string(wall_clock_ms() + 60'000);
  const HttpReply early =
      post("/prices", R"({"prices":[{"market":"BTC-PERP","price":"60100","source_time":)" + ahead +
                          "}]}");
  EXPECT_EQ(early.code(), "invalid_field");
  EXPECT_EQ(early.text("field"), "prices[0].source_time");
  const std::string now = std::to_string(wall_clock_ms());
  const std::string timed =
      R"({"prices":[{"market":"BTC-PERP","price":"60100","source_time":)" + now + "}]}";
  const Headers key = {{"Idempotency-Key", "p"}};
  EXPECT_EQ(post("/prices", timed, key).status, 200);
  EXPECT_NE(post("/prices", timed, key).body.find(R"("replayed":true)"), std::string::npos);
  const HttpReply untimed =
      post("/prices", R"({"prices":[{"market":"BTC-PERP","price":"60100"}]})", key);
  EXPECT_EQ(untimed.code(), "missing_field");
  EXPECT_EQ(untimed.text("field"), "prices[0].source_time");
}

TEST_F(Native, requests_are_checked_before_anything_happens) {
  EXPECT_EQ(get("/account").code(), "unauthorized");
  client.key = "th_wrong";
  EXPECT_EQ(get("/markets").code(), "unauthorized") << "a bad key is never ignored";
  client.key.clear();
  register_agent(client, "w", "100");
  EXPECT_EQ(post("/thoughts", "{").code(), "malformed_json");
  EXPECT_EQ(post("/thoughts", "").text("field"), "text");
  EXPECT_EQ(post("/thoughts", R"({"text":"x"})", {{"Content-Type", "text/plain"}}).status, 415);
  const HttpReply wrong = call("PUT", "/thoughts", "{}");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("allow"), "POST, GET");
  EXPECT_EQ(call("TRACE", "/thoughts").status, 405);
  EXPECT_EQ(client.send("GET", "/nothing").code(), "not_found");
  const std::string past = std::to_string(exchange.now_ms() - 1);
  EXPECT_EQ(post("/thoughts", R"({"text":"x","valid_until":)" + past + "}").code(),
            "request_expired");
  EXPECT_EQ(get("/orders/x").code(), "invalid_field");
  EXPECT_EQ(get("/orders/12345").code(), "order_not_found");
}

TEST_F(Native, a_full_exchange_says_so_and_does_nothing) {
  register_agent(client, "w", "100");
  exchange.answer_with(runtime::SubmitResult::overloaded);
  const HttpReply full = post("/thoughts", R"({"text":"x"})");
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(full.code(), "overloaded");
  EXPECT_EQ(full.header("retry-after"), "1");
  exchange.answer_with(runtime::SubmitResult::shutting_down);
  EXPECT_EQ(post("/thoughts", R"({"text":"x"})").code(), "shutting_down");
  exchange.answer_with(runtime::SubmitResult::unavailable);
  const HttpReply no_space = post("/thoughts", R"({"text":"x"})");
  EXPECT_EQ(no_space.code(), "exchange_unavailable");
  EXPECT_EQ(no_space.header("retry-after"), "1");
}

TEST_F(Native, system_pages) {
  expect_schema(get("/limits").object(), "Limits");
  expect_schema(client.send("GET", "/healthz").object(), "Health");
  expect_schema(client.send("GET", "/readyz").object(), "Ready");
  EXPECT_EQ(client.send("GET", "/openapi.json").object()["openapi"].as_string(), "3.1.0");
  for (const char* path : {"/", "/docs"}) {
    const HttpReply page = client.send("GET", path);
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.header("content-type"), "text/html; charset=utf-8");
    for (const char* outside : {"src=\"http", "href=\"http", "@import", "url("}) {
      EXPECT_EQ(page.body.find(outside), std::string::npos) << path << outside;
    }
  }
  const HttpReply metrics = client.send("GET", "/metrics");
  EXPECT_NE(
      metrics.body.find("perpetua_http_requests_total{endpoint=\"getLimits\",status=\"2xx\"} 1"),
      std::string::npos);
  EXPECT_NE(metrics.body.find("perpetua_http_request_seconds_bucket"), std::string::npos);
}

TEST(NativeLimits, the_budget_is_in_every_reply_and_a_429_names_it) {
  ServerOptions options = test_options();
  options.rates.agent_mutations = {1, 3};
  options.rates.address_registrations = {1, 2};
  TestExchange exchange(options);
  HttpClient client(exchange.port());
  register_agent(client, "w");
  for (int left = 2; left >= 0; --left) {
    const HttpReply reply = client.send("POST", "/api/v1/thoughts", R"({"text":"x"})");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("ratelimit-limit"), "3");
    EXPECT_EQ(reply.header("ratelimit-remaining"), std::to_string(left));
    EXPECT_FALSE(reply.header("ratelimit-reset").empty());
  }
  const HttpReply refused = client.send("POST", "/api/v1/thoughts", "not even json");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.code(), "rate_limited");
  EXPECT_EQ(refused.text("field"), "agent_mutations");
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_EQ(client.send("POST", "/api/v1/orders/cancel-all", "{}").status, 200);
  client.key.clear();
  EXPECT_EQ(client.send("POST", "/api/v1/agents", R"({"wallet":"b"})").status, 200);
  EXPECT_EQ(client.send("POST", "/api/v1/agents", R"({"wallet":"c"})").text("field"),
            "address_registrations");
}

TEST(NativeLimits, production_mode_needs_the_operator_for_money) {
  ServerOptions options = test_options();
  options.mode = Mode::production;
  options.start_balance_micro = 5'000'000;
  TestExchange exchange(options);
  HttpClient client(exchange.port());
  const AgentId agent = register_agent(client, "w");
  EXPECT_EQ(client.send("GET", "/api/v1/account").text("free"), "0") << "no paper money";
  EXPECT_EQ(client.send("POST", "/api/v1/account/deposit", R"({"amount":"5"})").text("field"),
            "operator");
  EXPECT_EQ(client.send("POST", "/api/v1/account/withdraw", R"({"amount":"5"})").text("field"),
            "operator");
  EXPECT_EQ(client.send("POST", "/api/v1/account/faucet", R"({"amount":"5"})").code(),
            "not_in_this_mode");
  client.key = kOperatorKey;
  const std::string body = R"({"amount":"5","agent_id":")" + std::to_string(agent) + "\"}";
  EXPECT_EQ(client.send("POST", "/api/v1/account/deposit", body).status, 200);
  EXPECT_EQ(client.send("POST", "/api/v1/account/withdraw", body).text("free"), "0");
}

TEST(NativeLimits, a_price_post_is_refused_where_prices_have_another_source) {
  ServerOptions options = test_options();
  options.takes_prices = false;
  TestExchange exchange(options);
  HttpClient client(exchange.port());
  client.key = kOperatorKey;
  const HttpReply refused = client.send(
      "POST", "/api/v1/prices", R"({"prices":[{"market":"BTC-PERP","price":"60100"}]})");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.code(), "not_in_this_mode");
  EXPECT_EQ(refused.text("field"), "prices");
  EXPECT_EQ(client.send("GET", "/api/v1/markets/BTC-PERP").text("code"), "");
  EXPECT_EQ(exchange.hot().market(0)->index, Price(60'000)) << "nothing was sequenced";
}

TEST(NativeLimits, pages_for_everybody_have_the_budget_of_reads) {
  ServerOptions options = test_options();
  options.rates.address_reads = {1, 2};
  for (const char* path : {"/", "/docs", "/openapi.json", "/metrics"}) {
    TestExchange exchange(options);
    HttpClient client(exchange.port());
    EXPECT_EQ(client.send("GET", path).header("ratelimit-remaining"), "1") << path;
    EXPECT_EQ(client.send("GET", path).status, 200) << path;
    const HttpReply refused = client.send("GET", path);
    EXPECT_EQ(refused.status, 429) << path;
    EXPECT_EQ(refused.text("field"), "address_reads") << path;
    for (const char* probe : {"/healthz", "/readyz"}) {
      EXPECT_EQ(client.send("GET", probe).status, 200) << probe;
    }
  }
}

TEST(NativeLimits, sandbox_agents_start_with_the_configured_balance) {
  ServerOptions options = test_options();
  options.start_balance_micro = 5'000'000;
  TestExchange exchange(options, false);
  HttpClient client(exchange.port());
  register_agent(client, "w");
  EXPECT_EQ(client.send("GET", "/api/v1/account").text("free"), "5");
  EXPECT_EQ(client.send("GET", "/api/v1/account/ledger").code(), "exchange_unavailable")
      << "no history in this process";
  EXPECT_EQ(client.send("GET", "/api/v1/fills").status, 200);
}

}  // namespace
}  // namespace perpetua::gateway
