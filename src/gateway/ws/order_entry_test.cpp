// Order entry over a real socket, through the codec and the reply router to a real engine.
#include "gateway/ws/ws_test_client.hpp"

namespace perpetua::gateway::ws::test {
namespace {

std::string place(int id, std::string_view price, std::string_view rest = "") {
  return R"({"op":"place","id":)" + std::to_string(id) +
         R"(,"market":"BTC-PERP","side":"buy","size":"0.01","price":")" + std::string(price) +
         "\"" + std::string(rest) + "}";
}

struct Trader {
  explicit Trader(const RateOptions& rates = TestGateway::no_limits())
      : gateway({0, 0, 0}, rates), agent(gateway.add_agent()), client(gateway.port(), agent.key) {
    client.next();
  }
  json::object answer(const std::string& operation, std::size_t commands = 1) {
    client.send(operation);
    EXPECT_TRUE(gateway.run_submitted(commands));
    return client.next_of("reply");
  }
  TestGateway gateway;
  TestAgent agent;
  TestClient client;
};

TEST(WsOrderEntryTest, an_order_is_placed_amended_and_cancelled) {
  Trader trader;
  const json::object placed = trader.answer(place(1, "59000", R"(,"client_id":"mine")"));
  EXPECT_TRUE(placed.at("ok").as_bool());
  EXPECT_EQ(number_of(placed, "id"), 1);
  EXPECT_EQ(text_of(placed, "status"), "open");
  EXPECT_EQ(text_of(placed, "client_id"), "mine");
  const std::string order = text_of(placed, "order_id");
  const json::object amended =
      trader.answer(R"({"op":"amend","id":2,"order_id":")" + order + R"(","size":"0.02"})");
  EXPECT_EQ(text_of(amended, "remaining"), "0.02");
  const json::object cancelled =
      trader.answer(R"({"op":"cancel","id":3,"client_id":"mine","market":"BTC-PERP"})");
  EXPECT_EQ(text_of(cancelled, "order_id"), order);
  EXPECT_EQ(text_of(cancelled, "status"), "cancelled");
  const json::object again = trader.answer(R"({"op":"cancel","id":4,"order_id":")" + order + "\"}");
  EXPECT_FALSE(again.at("ok").as_bool());
  EXPECT_EQ(code_of(again), "order_not_found");
}

TEST(WsOrderEntryTest, a_refusal_carries_the_numbers) {
  Trader trader;
  const json::object refused = trader.answer(
      R"({"op":"place","id":1,"market":"BTC-PERP","side":"buy","size":"900","price":"60000"})");
  EXPECT_FALSE(refused.at("ok").as_bool());
  EXPECT_EQ(code_of(refused), "insufficient_margin");
  EXPECT_FALSE(text_of(refused.at("error").as_object(), "needed").empty());
}

TEST(WsOrderEntryTest, an_exception_is_logged_and_closes_the_socket_with_1011) {
  Trader trader;
  trader.gateway.port_of_commands().is_broken = true;
  trader.client.send(place(1, "59000"));
  EXPECT_EQ(trader.client.wait_closed(), 1011u);
  ASSERT_EQ(trader.gateway.failure_lines().size(), 1u);
  EXPECT_EQ(trader.gateway.failure_lines()[0], "WebSocket failed: broken on purpose");
  EXPECT_TRUE(eventually([&] { return trader.gateway.open_sockets() == 0; }));
}

TEST(WsOrderEntryTest, a_request_that_cannot_be_read_is_refused_without_being_submitted) {
  Trader trader;
  const std::pair<std::string, std::string> cases[] = {
      {place(5, "59000.5"), "invalid_field"},
      {R"({"op":"place","id":5,"market":"BTC-PERP","side":"buy","size":"1"})", "missing_field"},
      {R"({"op":"place","id":5,"market":"X","side":"buy","size":"1","price":"1"})",
       "market_not_found"},
      {R"({"op":"cancel","id":5})", "missing_field"},
      {R"({"op":"batch","id":5,"orders":[]})", "invalid_field"},
      {R"({"op":"batch","id":5})", "missing_field"},
      {R"({"op":"cancel_all","id":5,"now":true})", "invalid_field"},
      {R"({"op":"cancel_all","id":5,"idempotency_key":"two words"})", "invalid_field"},
  };
  for (const auto& [text, code] : cases) {
    const json::object refused = trader.client.ask(text, 5);
    EXPECT_EQ(text_of(refused, "type"), "reply");
    EXPECT_EQ(code_of(refused), code) << text;
  }
  EXPECT_EQ(trader.gateway.port_of_commands().size(), 0u);
}

TEST(WsOrderEntryTest, a_batch_is_answered_as_one_with_a_result_for_each) {
  Trader trader;
  const json::object placed =
      trader.answer(R"({"op":"batch","id":1,"orders":[)"
                    R"({"market":"BTC-PERP","side":"buy","size":"0.01","price":"59000"},)"
                    R"({"market":"BTC-PERP","side":"buy","size":"0.01","price":"10000"},)"
                    R"({"market":"ETH-PERP","side":"sell","size":"0.1","price":"3100"}]})",
                    3);
  EXPECT_TRUE(placed.at("ok").as_bool());
  const json::array& results = placed.at("results").as_array();
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(text_of(results[0].as_object(), "status"), "open");
  EXPECT_EQ(code_of(results[1].as_object()), "price_out_of_band");
  EXPECT_EQ(text_of(results[2].as_object(), "market"), "ETH-PERP");
  const json::object cancelled = trader.answer(
      R"({"op":"batch","id":2,"order_ids":[")" + text_of(results[0].as_object(), "order_id") +
          R"(",")" + text_of(results[2].as_object(), "order_id") + "\"]}",
      2);
  EXPECT_EQ(cancelled.at("results").as_array().size(), 2u);
}

TEST(WsOrderEntryTest, an_idempotency_key_gives_the_first_answer_again) {
  Trader trader;
  const std::string request = place(1, "59000", R"(,"idempotency_key":"k1")");
  const json::object first = trader.answer(request);
  const json::object second = trader.answer(request);
  EXPECT_EQ(text_of(first, "order_id"), text_of(second, "order_id"));
  EXPECT_FALSE(first.at("replayed").as_bool());
  EXPECT_TRUE(second.at("replayed").as_bool());
}

TEST(WsOrderEntryTest, an_intent_is_answered_as_over_http) {
  Trader trader;
  const json::object reply = trader.answer(
      R"({"op":"intent","id":1,"market":"BTC-PERP","direction":"long","size_usdc":"1000",)"
      R"("leverage":5,"limit_price":"59000","reason":"momentum"})");
  EXPECT_TRUE(reply.at("ok").as_bool());
  EXPECT_FALSE(text_of(reply, "intent_id").empty());
}

TEST(WsOrderEntryTest, a_trigger_is_placed_and_cancelled_like_an_order) {
  Trader trader;
  const json::object placed = trader.answer(
      R"({"op":"trigger","id":1,"market":"BTC-PERP","reduce_only":false,"side":"buy",)"
      R"("size":"0.01","stop":"60500"})");
  EXPECT_TRUE(placed.at("ok").as_bool()) << placed;
  EXPECT_EQ(text_of(placed, "stop"), "60500");
  const json::object refused =
      trader.answer(R"({"op":"trigger","id":2,"market":"BTC-PERP","stop":"59000"})");
  EXPECT_EQ(text_of(refused.at("error").as_object(), "code"), "no_position");
  const json::object gone = trader.answer(R"({"op":"cancel","id":3,"order_id":")" +
                                          text_of(placed, "trigger_id") + "\"}");
  EXPECT_TRUE(gone.at("ok").as_bool()) << gone;
  EXPECT_EQ(text_of(gone, "status"), "cancelled");
}

TEST(WsOrderEntryTest, several_requests_wait_at_once_and_each_answer_has_its_id) {
  Trader trader;
  for (int id = 1; id <= 5; ++id) trader.client.send(place(id, std::to_string(59'000 + id)));
  ASSERT_TRUE(trader.gateway.run_submitted(5));
  for (int id = 1; id <= 5; ++id) {
    const json::object reply = trader.client.next_of("reply");
    EXPECT_EQ(number_of(reply, "id"), id);
    EXPECT_EQ(text_of(reply, "price"), std::to_string(59'000 + id));
  }
}

TEST(WsOrderEntryTest, too_many_waiting_requests_are_refused) {
  Trader trader;
  const int sent = static_cast<int>(kRequestsInFlightMax) + 1;
  for (int id = 1; id <= sent; ++id) trader.client.send(place(id, "59000"));
  const json::object refused = trader.client.next_of("reply");
  EXPECT_EQ(number_of(refused, "id"), sent);
  EXPECT_EQ(code_of(refused), "overloaded");
  ASSERT_TRUE(trader.gateway.run_submitted(kRequestsInFlightMax));
  EXPECT_TRUE(trader.client.next_of("reply").at("ok").as_bool());
}

TEST(WsOrderEntryTest, a_full_exchange_and_a_stopping_one_refuse_at_once) {
  Trader trader;
  TestPort& port = trader.gateway.port_of_commands();
  port.answer = runtime::SubmitResult::overloaded;
  const json::object full = trader.client.ask(place(1, "59000"), 1);
  EXPECT_EQ(code_of(full), "overloaded");
  EXPECT_EQ(number_of(full, "retry_after"), 1);
  port.answer = runtime::SubmitResult::shutting_down;
  EXPECT_EQ(code_of(trader.client.ask(place(2, "59000"), 2)), "shutting_down");
  port.answer = runtime::SubmitResult::unavailable;
  EXPECT_EQ(code_of(trader.client.ask(place(4, "59000"), 4)), "exchange_unavailable");
  port.answer = runtime::SubmitResult::accepted;
  EXPECT_TRUE(trader.answer(place(3, "59000")).at("ok").as_bool());
}

TEST(WsOrderEntryTest, budgets_are_those_of_http_and_cancels_have_their_own) {
  RateOptions rates = TestGateway::no_limits();
  rates.agent_mutations = {1, 2};
  rates.agent_cancels = {1, 2};
  Trader trader(rates);
  trader.client.send(place(1, "59000"));
  trader.client.send(place(2, "59000"));
  const json::object refused = trader.client.ask(place(3, "59000"), 3);
  EXPECT_EQ(code_of(refused), "rate_limited");
  EXPECT_EQ(text_of(refused.at("error").as_object(), "field"), "agent_mutations");
  EXPECT_GE(number_of(refused, "retry_after"), 1);
  trader.client.send(R"({"op":"cancel_all","id":4})");
  ASSERT_TRUE(trader.gateway.run_submitted(3));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(trader.client.next_of("reply").at("ok").as_bool());
}

TEST(WsOrderEntryTest, a_stopping_server_answers_what_waits_and_then_closes) {
  Trader trader;
  trader.client.send(place(1, "59000"));
  ASSERT_TRUE(eventually([&] { return trader.gateway.port_of_commands().size() == 1; }));
  trader.gateway.stop();
  EXPECT_EQ(code_of(trader.client.ask(place(2, "59000"), 2)), "shutting_down");
  ASSERT_TRUE(trader.gateway.run_submitted(1));
  EXPECT_EQ(number_of(trader.client.next_of("reply"), "id"), 1);
  EXPECT_EQ(trader.client.wait_closed(), 1001u);
}

TEST(WsOrderEntryTest,
     a_draining_server_still_takes_orders_of_who_waits_and_then_closes_with_1012) {
  Trader trader;
  TestClient idle(trader.gateway.port());
  trader.client.send(place(1, "59000"));
  ASSERT_TRUE(eventually([&] { return trader.gateway.port_of_commands().size() == 1; }));
  trader.gateway.drain(60'000);
  EXPECT_EQ(idle.wait_closed(), 1012u);
  trader.client.send(place(2, "59000"));
  ASSERT_TRUE(trader.gateway.run_submitted(2));
  for (int id = 1; id <= 2; ++id) {
    const json::object reply = trader.client.next_of("reply");
    EXPECT_EQ(number_of(reply, "id"), id);
    EXPECT_TRUE(reply.at("ok").as_bool());
  }
  EXPECT_EQ(trader.client.wait_closed(), 1012u);
}

TEST(WsOrderEntryTest, a_command_that_is_never_answered_is_unknown) {
  Trader trader;
  trader.client.send(place(1, "59000", R"(,"idempotency_key":"k")"));
  ASSERT_TRUE(trader.gateway.give_up_submitted(1));
  const json::object reply = trader.client.next_of("reply");
  EXPECT_FALSE(reply.at("ok").as_bool());
  EXPECT_EQ(code_of(reply), "outcome_unknown");
  EXPECT_TRUE(trader.answer(place(2, "59000", R"(,"idempotency_key":"k")")).at("ok").as_bool());
}

TEST(WsOrderEntryTest, a_socket_that_left_does_not_disturb_its_late_answers) {
  TestGateway gateway;
  const TestAgent agent = gateway.add_agent();
  {
    TestClient client(gateway.port(), agent.key);
    client.next();
    client.send(place(1, "59000"));
    ASSERT_TRUE(eventually([&] { return gateway.port_of_commands().size() == 1; }));
  }
  ASSERT_TRUE(eventually([&] { return gateway.open_sockets() == 0; }));
  ASSERT_TRUE(gateway.run_submitted(1));
  EXPECT_EQ(gateway.hot.open_order_count(agent.id), 1u);
}

}  // namespace
}  // namespace perpetua::gateway::ws::test
