// Triggers, brackets, protection of a position and the life of an intent over HTTP.
#include "gateway/native/native_test_support.hpp"

namespace perpetua::gateway {
namespace {

using namespace test;

const std::string kBtc = R"({"market":"BTC-PERP",)";

class Triggers : public Native {
 protected:
  // The client is long `size` BTC at 60,000; agents of their own quote the two sides.
  void open_position(const std::string& size = "1") {
    quote("sell", size, "60000");
    register_agent(client, "owner", "1000000");
    const HttpReply bought = post(
        "/orders", kBtc + R"("side":"buy","price":"60000","leverage":5,"size":")" + size + "\"}");
    ASSERT_EQ(bought.text("status"), "filled") << bought.body;
  }
  void quote(std::string_view side, const std::string& size, const std::string& price) {
    std::string& key = makers[std::string(side)];
    const std::string own = std::exchange(client.key, key);
    if (key.empty()) register_agent(client, "maker-" + std::string(side), "10000000");
    key = client.key;
    const HttpReply placed = post("/orders", kBtc + R"("side":")" + std::string(side) +
                                                 R"(","size":")" + size + R"(","price":")" +
                                                 price + "\"}");
    EXPECT_EQ(placed.status, 200) << placed.body;
    client.key = own;
  }
  void move_to(int64_t from, int64_t to) {
    while (from != to) {
      from = from < to ? std::min(to, from + from / 100) : std::max(to, from - from / 100);
      exchange.set_price(0, from);
    }
  }
  HttpReply trigger(const std::string& fields) { return post("/triggers", kBtc + fields + "}"); }
  HttpReply intent(const std::string& fields) { return post("/intents", kBtc + fields + "}"); }
  json::object shown(const std::string& id) { return get("/triggers/" + id).object(); }
  std::map<std::string, std::string> makers;  // side -> API key
};

TEST_F(Triggers, a_stop_and_a_take_profit_are_shown_and_one_that_fires_closes_the_other) {
  open_position();
  const HttpReply placed = trigger(R"("stop":"59000","take_profit":"61000")");
  ASSERT_EQ(placed.status, 200) << placed.body;
  expect_schema(placed.object(), "TriggerResult");
  EXPECT_EQ(placed.text("stop"), "59000");
  const json::array live = items("/triggers");
  ASSERT_EQ(live.size(), 2u);
  expect_schema(live[0], "Trigger");
  const std::string stop = placed.text("trigger_id");
  const std::string target = placed.text("partner_id");
  EXPECT_EQ(shown(stop).at("kind").as_string(), "stop");
  EXPECT_EQ(shown(stop).at("partner_id").as_string(), target);
  EXPECT_EQ(shown(stop).at("status").as_string(), "waiting");
  EXPECT_TRUE(shown(stop).at("size").is_null());
  quote("buy", "1", "58900");
  move_to(60'000, 59'000);
  EXPECT_TRUE(get("/positions/BTC-PERP").is_null("side"));
  EXPECT_EQ(items("/triggers").size(), 0u);
  const json::object fired = shown(stop);
  expect_schema(fired, "Trigger");
  EXPECT_EQ(fired.at("status").as_string(), "closed");
  EXPECT_EQ(fired.at("close_reason").as_string(), "triggered");
  EXPECT_EQ(shown(target).at("close_reason").as_string(), "other_fired");
  const std::string order(fired.at("order_id").as_string());
  EXPECT_EQ(get("/orders/" + order).text("status"), "filled");
  const json::array closed = items("/triggers/history");
  ASSERT_EQ(closed.size(), 2u);
  EXPECT_EQ(closed[0].at("trigger_id").as_string(), stop) << "last closed first";
  EXPECT_EQ(closed[0].as_object(), fired);
}

TEST_F(Triggers, a_trailing_stop_follows_the_mark_up_and_not_down) {
  open_position();
  const std::string id = trigger(R"("trail":"600","size":"0.4")").text("trigger_id");
  EXPECT_EQ(shown(id).at("trigger_price").as_string(), "59400");
  EXPECT_EQ(shown(id).at("trail").as_string(), "600");
  EXPECT_EQ(shown(id).at("size").as_string(), "0.4");
  move_to(60'000, 60'600);
  EXPECT_EQ(shown(id).at("trigger_price").as_string(), "60000");
  quote("buy", "1", "59900");
  move_to(60'600, 60'100);
  EXPECT_EQ(shown(id).at("trigger_price").as_string(), "60000");
  move_to(60'100, 60'000);
  EXPECT_EQ(shown(id).at("close_reason").as_string(), "triggered");
  EXPECT_EQ(get("/positions/BTC-PERP").text("size"), "0.6");
}

TEST_F(Triggers, an_entry_waits_with_its_margin_reserved) {
  register_agent(client, "w", "100000");
  const HttpReply placed = trigger(
      R"("reduce_only":false,"side":"buy","size":"0.5","stop":"61000","leverage":5,)"
      R"("stop_limit":"61500")");
  ASSERT_EQ(placed.status, 200) << placed.body;
  const json::object entry = shown(placed.text("trigger_id"));
  EXPECT_FALSE(entry.at("reduce_only").as_bool());
  EXPECT_EQ(entry.at("side").as_string(), "buy");
  EXPECT_EQ(entry.at("limit_price").as_string(), "61500");
  EXPECT_EQ(entry.at("leverage").as_int64(), 5);
  EXPECT_EQ(entry.at("reserved").as_string(), get("/account").text("reserved"));
  move_to(60'000, 61'000);
  const json::array orders = items("/orders");
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_EQ(orders[0].at("price").as_string(), "61500");
}

TEST_F(Triggers, what_does_not_fit_together_is_refused_with_its_field) {
  register_agent(client, "w", "100000");
  const std::string entry = R"("reduce_only":false,"side":"buy","size":"0.5",)";
  const std::tuple<std::string, std::string, std::string> refusals[] = {
      {R"("size":"1")", "missing_field", "stop"},
      {R"("stop":"59000","trail":"100")", "invalid_field", "trail"},
      {R"("take_profit":"61000","stop_limit":"58000")", "invalid_field", "stop_limit"},
      {R"("stop":"59000","take_profit_limit":"58000")", "invalid_field", "take_profit_limit"},
      {R"("stop":"59000","side":"sell")", "invalid_field", "side"},
      {R"("stop":"59000","leverage":3)", "invalid_field", "leverage"},
      {R"("stop":"0")", "invalid_field", "stop"},
      {R"("stop":"59000","size":"0")", "invalid_quantity", "size"},
      {R"("stop":"59000","max_slippage":"0")", "invalid_field", "max_slippage"},
      {R"("stop":"59000","max_slippage":"0.9")", "invalid_slippage", "max_slippage"},
      {R"("stop":"59000","stop_limit":"20000000")", "price_out_of_band", "stop_limit"},
      {R"("stop":"59000")", "no_position", "market"},
      {entry + R"("stop":"61000","take_profit":"59000")", "invalid_field", "take_profit"},
      {entry + R"("trail":"100")", "invalid_field", "trail"},
      {entry + R"("stop":"61000","replace":true)", "invalid_field", "replace"},
      {R"("reduce_only":false,"size":"1","stop":"61000")", "missing_field", "side"},
      {R"("reduce_only":false,"side":"buy","stop":"61000")", "missing_field", "size"},
      {entry + R"("stop":"59000")", "trigger_wrong_side", "stop"},
      {entry + R"("take_profit":"61000")", "trigger_wrong_side", "take_profit"},
      {entry + R"("stop":"61000","leverage":21)", "leverage_too_high", "leverage"},
      {R"("reduce_only":false,"side":"buy","size":"90","stop":"61000")", "insufficient_margin",
       "size"},
      {R"("reduce_only":false,"side":"buy","size":"0.000001","stop":"61000")", "size_too_small",
       "size"}};
  for (const auto& [fields, code, field] : refusals) {
    const HttpReply reply = trigger(fields);
    EXPECT_EQ(reply.code(), code) << fields << reply.body;
    EXPECT_EQ(reply.text("field"), field) << fields << reply.body;
  }
  const HttpReply wrong = trigger(entry + R"("stop":"59000")");
  EXPECT_EQ(wrong.text("trigger_price"), "59000");
  EXPECT_EQ(wrong.text("reference_price"), "60000");
  EXPECT_EQ(items("/triggers").size(), 0u);
}

TEST_F(Triggers, more_than_the_limit_of_one_market_are_refused) {
  open_position();
  for (uint32_t i = 0; i < limits::kTriggersPerAgentMax; ++i) {
    ASSERT_EQ(trigger(R"("stop":"59000","size":"0.01")").status, 200);
  }
  const HttpReply refused = trigger(R"("stop":"59000")");
  EXPECT_EQ(refused.code(), "too_many_triggers");
  EXPECT_EQ(refused.text("maximum"), "100");
  const json::object page = get("/triggers?limit=60").object();
  EXPECT_EQ(page.at("items").as_array().size(), 60u);
  const std::string cursor(page.at("next_cursor").as_string());
  EXPECT_EQ(items("/triggers?limit=60&cursor=" + cursor).size(), 40u);
  EXPECT_EQ(get("/triggers?cursor=x").code(), "invalid_cursor");
  EXPECT_EQ(items("/triggers?market=ETH-PERP").size(), 0u);
  EXPECT_EQ(post("/orders/cancel-all", R"({"scope":"triggers"})")
                .object().at("cancelled_orders").as_int64(), 100);
  EXPECT_EQ(items("/triggers").size(), 0u);
}

TEST_F(Triggers, protection_of_a_position_takes_the_place_of_what_was_there) {
  open_position();
  trigger(R"("stop":"58000")");
  const HttpReply set = call("PUT", "/positions/BTC-PERP/protection",
                             R"({"stop_loss":"59000","take_profit":"62000"})");
  ASSERT_EQ(set.status, 200) << set.body;
  expect_schema(set.object(), "TriggerResult");
  EXPECT_EQ(items("/triggers").size(), 2u);
  EXPECT_EQ(items("/triggers/history")[0].at("close_reason").as_string(), "replaced");
  const auto put = [&](std::string_view body) {
    return call("PUT", "/positions/BTC-PERP/protection", body);
  };
  EXPECT_EQ(put(R"({"stop_loss":"60500"})").code(), "trigger_wrong_side");
  EXPECT_EQ(put(R"({"stop_loss":"60500"})").text("field"), "stop_loss");
  EXPECT_EQ(put("{}").text("field"), "stop_loss");
  EXPECT_EQ(put(R"({"trail":"59999"})").text("field"), "trail") << "below the lowest price";
  EXPECT_EQ(items("/triggers").size(), 2u) << "a refusal changes nothing";
  EXPECT_EQ(put(R"({"trail":"500"})").status, 200);
  EXPECT_EQ(items("/triggers").size(), 1u);
}

TEST_F(Triggers, a_trigger_is_cancelled_by_its_own_path_alone_or_as_an_order) {
  open_position();
  const std::string id = trigger(R"("stop":"59000")").text("trigger_id");
  EXPECT_EQ(call("DELETE", "/triggers/12345").text("field"), "trigger_id");
  EXPECT_EQ(call("DELETE", "/intents/" + id).code(), "order_not_found");
  EXPECT_EQ(get("/triggers/12345").code(), "order_not_found");
  const HttpReply gone = call("DELETE", "/triggers/" + id);
  ASSERT_EQ(gone.status, 200) << gone.body;
  expect_schema(gone.object(), "TriggerCancelled");
  EXPECT_EQ(gone.text("trigger_price"), "59000");
  EXPECT_EQ(call("DELETE", "/triggers/" + id).code(), "order_not_found");
  EXPECT_EQ(call("DELETE", "/triggers/" + id).text("field"), "trigger_id");
  EXPECT_EQ(shown(id).at("close_reason").as_string(), "cancelled");
  const std::string next = trigger(R"("stop":"59000")").text("trigger_id");
  const HttpReply as_order = call("DELETE", "/orders/" + next);
  ASSERT_EQ(as_order.status, 200) << as_order.body;
  expect_schema(as_order.object(), "CancelResult");
}

TEST_F(Triggers, the_scope_of_cancel_all_decides_what_stays) {
  open_position();
  trigger(R"("stop":"59000")");
  post("/positions/BTC-PERP/netting", "{}");
  post("/orders", kBtc + R"("side":"buy","size":"0.01","price":"59000"})");
  trigger(R"("reduce_only":false,"side":"buy","size":"0.01","stop":"61000")");
  const auto cancelled = [&](std::string_view body) {
    return post("/orders/cancel-all", body).object().at("cancelled_orders").as_int64();
  };
  EXPECT_EQ(cancelled("{}"), 2) << "the order and the entry";
  EXPECT_EQ(items("/triggers").size(), 1u);
  EXPECT_EQ(cancelled(R"({"scope":"everything"})"), 1);
  EXPECT_EQ(post("/orders/cancel-all", R"({"scope":"all"})").code(), "invalid_field");
}

TEST_F(Triggers, a_bracket_is_shown_by_its_order_and_armed_by_the_first_fill) {
  open_position();
  const HttpReply placed = post(
      "/orders", kBtc + R"("side":"buy","size":"0.5","price":"59900","stop_loss":"59000",)"
                        R"("take_profit":"61000"})");
  ASSERT_EQ(placed.status, 200) << placed.body;
  const std::string id = placed.text("order_id");
  EXPECT_EQ(get("/orders/" + id).text("stop_loss"), "59000");
  EXPECT_EQ(get("/orders/" + id).text("take_profit"), "61000");
  expect_schema(get("/orders/" + id).object(), "Order");
  EXPECT_EQ(items("/triggers").size(), 0u);
  quote("sell", "0.1", "59900");
  const json::array armed = items("/triggers");
  ASSERT_EQ(armed.size(), 2u);
  EXPECT_EQ(armed[0].at("bracket_of").as_string(), id);
  const auto refused = [&](const std::string& fields) {
    return post("/orders", kBtc + R"("side":"buy","size":"0.5","price":"59900",)" + fields + "}");
  };
  EXPECT_EQ(refused(R"("stop_loss":"59900")").code(), "trigger_wrong_side");
  EXPECT_EQ(refused(R"("stop_loss":"59900")").text("field"), "stop_loss");
  EXPECT_EQ(refused(R"("take_profit":"59900")").text("field"), "take_profit");
  EXPECT_EQ(refused(R"("take_profit":"11000000")").code(), "price_out_of_band");
  EXPECT_EQ(refused(R"("take_profit":"90000000")").code(), "invalid_field");
  EXPECT_EQ(refused(R"("reduce_only":true,"stop_loss":"59000")").text("field"), "stop_loss");
  const HttpReply preview =
      post("/orders/preview",
           kBtc + R"("side":"buy","size":"0.5","price":"59900","stop_loss":"59950"})");
  EXPECT_EQ(preview.text("verdict"), "trigger_wrong_side") << preview.body;
}

// An intent for 6,000 USDC, filled at 60,000 with a bracket, on a market that quotes both sides.
class Intents : public Triggers {
 protected:
  void open_intent(const std::string& more) {
    quote("sell", "0.1", "60000");
    register_agent(client, "owner", "1000000");
    const HttpReply placed =
        intent(R"("direction":"long","size_usdc":"6000","leverage":5,"reason":"because")" + more);
    ASSERT_EQ(placed.text("status"), "filled") << placed.body;
    id = placed.text("intent_id");
  }
  json::object life() {
    const json::object detail = get("/intents/" + id).object();
    expect_schema(detail, "IntentDetail");
    const json::array listed = items("/intents");
    EXPECT_EQ(listed.size(), 1u);
    expect_schema(listed[0], "Intent");
    EXPECT_EQ(listed[0].at("status"), detail.at("status"));
    return detail;
  }
  std::string status() { return std::string(life().at("status").as_string()); }
  std::string id;
};

const std::string kBracket = R"(,"stop_loss":"59000","take_profit":"61000")";

TEST_F(Intents, one_object_tells_of_order_fills_and_triggers) {
  open_intent(kBracket);
  const json::object shown = life();
  EXPECT_EQ(shown.at("status").as_string(), "protected");
  EXPECT_EQ(shown.at("order_status").as_string(), "filled");
  EXPECT_EQ(shown.at("average_price").as_string(), "60000");
  EXPECT_EQ(shown.at("stop_loss").as_string(), "59000");
  EXPECT_EQ(shown.at("reason").as_string(), "because");
  ASSERT_EQ(shown.at("fills").as_array().size(), 1u);
  expect_schema(shown.at("fills").as_array()[0], "Fill");
  ASSERT_EQ(shown.at("triggers").as_array().size(), 2u);
  expect_schema(shown.at("triggers").as_array()[0], "Trigger");
  EXPECT_TRUE(shown.at("closed_by").is_null());
  post("/orders/cancel-all", R"({"scope":"triggers"})");
  EXPECT_EQ(status(), "active") << "its position lives without protection";
}

TEST_F(Intents, a_stop_loss_that_fires_closes_the_intent_and_tells_the_loss) {
  open_intent(kBracket);
  quote("buy", "1", "58900");
  move_to(60'000, 59'000);
  const json::object shown = life();
  EXPECT_EQ(shown.at("status").as_string(), "closed_by_stop_loss");
  EXPECT_EQ(shown.at("closed_by").as_string(), "stop_loss");
  EXPECT_EQ(shown.at("realised_pnl").as_string(), "-110");
  EXPECT_FALSE(shown.at("closed_at").is_null());
  const std::string order(shown.at("closing_order_id").as_string());
  EXPECT_EQ(get("/orders/" + order).text("average_price"), "58900");
}

TEST_F(Intents, a_take_profit_that_fires_closes_the_intent) {
  open_intent(kBracket);
  move_to(60'000, 60'900);
  quote("buy", "1", "60800");
  move_to(60'900, 61'000);
  EXPECT_EQ(status(), "closed_by_take_profit");
  EXPECT_EQ(life().at("realised_pnl").as_string(), "80");
}

TEST_F(Intents, closing_by_hand_and_opening_again_does_not_bring_it_back) {
  open_intent("");
  EXPECT_EQ(status(), "active");
  quote("buy", "1", "59990");
  EXPECT_EQ(post("/positions/BTC-PERP/close", "{}").status, 200);
  EXPECT_EQ(status(), "closed");
  EXPECT_EQ(life().at("closed_by").as_string(), "order");
  EXPECT_EQ(life().at("realised_pnl").as_string(), "-1");
  quote("sell", "0.1", "60000");
  post("/orders", kBtc + R"("side":"buy","size":"0.1","price":"60000"})");
  EXPECT_EQ(get("/positions/BTC-PERP").text("size"), "0.1");
  EXPECT_EQ(status(), "closed") << "the new position is another one";
  quote("sell", "0.1", "60000");
  const std::string next =
      intent(R"("direction":"long","size_usdc":"600")").text("intent_id");
  EXPECT_EQ(get("/intents/" + next).text("status"), "active") << "the end was before it";
}

TEST_F(Intents, a_liquidation_of_its_position_is_its_end) {
  quote("sell", "1", "60000");
  register_agent(client, "owner", "4000");
  id = intent(R"("direction":"long","size_usdc":"60000","leverage":20)").text("intent_id");
  EXPECT_EQ(status(), "active");
  post("/positions/BTC-PERP/margin", R"({"action":"add","amount":"100"})");
  move_to(60'000, 50'000);
  EXPECT_EQ(status(), "liquidated");
  EXPECT_EQ(life().at("realised_pnl").as_string(), "-3100") << "its margin, all of it";
  EXPECT_EQ(life().at("closed_by").as_string(), "liquidation");
}

TEST_F(Intents, an_intent_that_only_reduces_has_no_position_of_its_own) {
  open_position();
  call("PUT", "/positions/BTC-PERP/netting", R"({"netting":true})");
  quote("buy", "1", "59990");
  id = intent(R"("direction":"short","size_usdc":"6000","limit_price":"59990")").text("intent_id");
  EXPECT_EQ(status(), "filled");
  const json::value realised = life().at("realised_pnl");
  post("/positions/BTC-PERP/close", "{}");
  EXPECT_TRUE(get("/positions/BTC-PERP").is_null("side"));
  EXPECT_EQ(life().at("realised_pnl"), realised);
  EXPECT_EQ(status(), "filled") << "that was another position's end";
}

TEST_F(Intents, an_open_one_shows_the_state_of_its_order) {
  register_agent(client, "owner", "100000");
  id = intent(R"("direction":"long","size_usdc":"600","limit_price":"59000")")
           .text("intent_id");
  EXPECT_EQ(status(), "open");
  EXPECT_EQ(items("/intents?status=open").size(), 1u);
  call("DELETE", "/intents/" + id);
  EXPECT_EQ(status(), "cancelled");
}

TEST_F(Intents, history_and_memory_tell_the_same_of_a_trigger) {
  open_intent(kBracket);
  const json::object live = items("/triggers")[0].as_object();
  EXPECT_EQ(life().at("triggers").as_array().size(), 2u);
  const json::array kept = life().at("triggers").as_array();
  const bool is_there = std::any_of(kept.begin(), kept.end(),
                                    [&](const json::value& row) { return row == live; });
  EXPECT_TRUE(is_there) << live;
}

}  // namespace
}  // namespace perpetua::gateway
