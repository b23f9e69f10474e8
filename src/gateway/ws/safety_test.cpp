// Keys in commands, the dead-man's switch, cancel on disconnect, and changes of a market, over a
// real socket.
#include "gateway/ws/ws_test_client.hpp"

namespace perpetua::gateway::ws::test {
namespace {

using perpetua::test::limit;

const std::string kPlace =
    R"({"op":"place","id":1,"market":"BTC-PERP","side":"buy","size":"0.01","price":"59000"})";

class WsSafetyTest : public ::testing::Test {
 protected:
  std::string auth(std::string_view rest) const {
    return R"({"op":"auth","id":2,"key":")" + agent.key + "\"" + std::string(rest) + "}";
  }
  OrderId rest_order() {
    const Outcome outcome = gateway.run(limit(agent.id, Side::buy, 59'000, 1'000));
    EXPECT_EQ(outcome.code, ResultCode::ok);
    return outcome.id;
  }
  bool is_open(OrderId order) { return gateway.hot.order(agent.id, order)->is_open(); }

  TestGateway gateway;
  TestAgent agent = gateway.add_agent();
};

TEST_F(WsSafetyTest, commands_name_the_key_of_the_login) {
  TestClient client(gateway.port());
  client.ask(auth(""), 2);
  client.send(kPlace);
  ASSERT_TRUE(eventually([&] { return gateway.port_of_commands().size() == 1; }));
  const auto submitted = gateway.port_of_commands().take();
  EXPECT_EQ(submitted[0].command.header.key_id, agent.key_id);
  EXPECT_EQ(submitted[0].command.header.agent, agent.id);
}

TEST_F(WsSafetyTest, a_command_behind_its_keys_revocation_is_refused_by_the_engine) {
  TestClient client(gateway.port(), agent.key);
  client.next();
  client.send(kPlace);
  ASSERT_TRUE(eventually([&] { return gateway.port_of_commands().size() == 1; }));
  gateway.revoke(agent);
  ASSERT_TRUE(gateway.run_submitted(1));
  EXPECT_EQ(code_of(client.next_of("reply")), "key_expired");
}

TEST_F(WsSafetyTest, a_switch_is_armed_told_and_fires) {
  TestClient client(gateway.port(), agent.key);
  client.next();
  client.ask(subscribe("orders"), 7);
  client.send(R"({"op":"cancel_all_after","id":3,"timeout_ms":5000,"market":"BTC-PERP"})");
  ASSERT_TRUE(gateway.run_submitted(1));
  json::object told, reply;
  for (int i = 0; i < 2; ++i) {
    json::object message = client.next();
    (text_of(message, "type") == "reply" ? reply : told) = std::move(message);
  }
  EXPECT_TRUE(reply.at("ok").as_bool());
  EXPECT_EQ(text_of(told, "event"), "switch");
  EXPECT_EQ(text_of(told, "market"), "BTC-PERP");
  EXPECT_EQ(text_of(told, "scope"), "orders");
  EXPECT_EQ(told.at("deadline"), reply.at("deadline"));
  client.send(R"({"op":"cancel_all_after","id":4,"timeout_ms":0,"market":"BTC-PERP"})");
  ASSERT_TRUE(gateway.run_submitted(1));
  EXPECT_TRUE(client.next_of("orders").at("deadline").is_null());
  client.send(R"({"op":"cancel_all_after","id":5,"timeout_ms":1})");
  ASSERT_TRUE(gateway.run_submitted(1));
  EXPECT_EQ(code_of(client.next_of("reply")), "invalid_timeout");
}

TEST(WsSafetyLimitsTest, a_switch_costs_no_budget) {
  RateOptions rates = TestGateway::no_limits();
  rates.agent_mutations = rates.agent_cancels = {1, 1};
  TestGateway gateway({0, 0, 0}, rates);
  const TestAgent agent = gateway.add_agent();
  TestClient client(gateway.port(), agent.key);
  client.next();
  for (int i = 0; i < 5; ++i) {
    client.send(R"({"op":"cancel_all_after","id":3,"timeout_ms":5000})");
    ASSERT_TRUE(gateway.run_submitted(1));
    EXPECT_TRUE(client.next_of("reply").at("ok").as_bool());
  }
}

TEST_F(WsSafetyTest, orders_are_cancelled_when_a_socket_that_asked_for_it_ends) {
  const OrderId order = rest_order();
  {
    TestClient client(gateway.port());
    const json::object answer = client.ask(auth(R"(,"cancel_on_disconnect":true)"), 2);
    EXPECT_TRUE(answer.at("cancel_on_disconnect").as_bool());
    EXPECT_TRUE(is_open(order));
  }
  ASSERT_TRUE(gateway.run_submitted(1));
  EXPECT_FALSE(is_open(order));
  EXPECT_EQ(gateway.hot.order(agent.id, order)->reason, CloseReason::cancel_all);
}

TEST_F(WsSafetyTest, they_stay_when_it_has_not_asked_or_has_changed_its_mind) {
  {
    TestClient plain(gateway.port(), agent.key);
    plain.next();
    TestClient changed(gateway.port(), agent.key);
    changed.next();
    changed.ask(R"({"op":"cancel_on_disconnect","id":3,"enabled":true})", 3);
    const json::object answer =
        changed.ask(R"({"op":"cancel_on_disconnect","id":4,"enabled":false})", 4);
    EXPECT_FALSE(answer.at("enabled").as_bool());
  }
  ASSERT_TRUE(eventually([&] { return gateway.open_sockets() == 0; }));
  EXPECT_EQ(gateway.port_of_commands().size(), 0u);
}

TEST_F(WsSafetyTest, a_revoked_key_ends_the_login_and_the_orders_go_nevertheless) {
  const OrderId order = rest_order();
  TestClient client(gateway.port(), agent.key);
  client.next();
  client.ask(R"({"op":"cancel_on_disconnect","id":3,"enabled":true})", 3);
  gateway.revoke(agent);
  ASSERT_TRUE(gateway.run_submitted(1));
  EXPECT_FALSE(is_open(order));
}

TEST_F(WsSafetyTest, what_the_ring_had_no_room_for_is_tried_again) {
  const OrderId order = rest_order();
  gateway.port_of_commands().answer = runtime::SubmitResult::overloaded;
  {
    TestClient client(gateway.port(), agent.key);
    client.next();
    client.ask(R"({"op":"cancel_on_disconnect","id":3,"enabled":true})", 3);
  }
  ASSERT_TRUE(eventually([&] { return gateway.open_sockets() == 0; }));
  EXPECT_EQ(gateway.port_of_commands().size(), 0u);
  gateway.port_of_commands().answer = runtime::SubmitResult::accepted;
  ASSERT_TRUE(gateway.run_submitted(1));
  EXPECT_FALSE(is_open(order));
}

TEST_F(WsSafetyTest, only_who_may_trade_may_ask_for_it) {
  const TestAgent reader = gateway.add_agent(kScopeRead);
  TestClient client(gateway.port());
  client.next();
  EXPECT_EQ(code_of(client.ask(R"({"op":"cancel_on_disconnect","id":3,"enabled":true})", 3)),
            "unauthorized");
  EXPECT_EQ(
      code_of(client.ask(
          R"({"op":"auth","id":4,"cancel_on_disconnect":true,"key":")" + reader.key + "\"}", 4)),
      "forbidden");
  EXPECT_EQ(text_of(client.ask(R"({"op":"auth","id":5,"key":")" + reader.key + "\"}", 5), "type"),
            "authenticated");
  EXPECT_EQ(code_of(client.ask(R"({"op":"cancel_on_disconnect","id":6,"enabled":true})", 6)),
            "forbidden");
}

TEST_F(WsSafetyTest, a_change_of_a_market_is_told_when_announced) {
  TestClient client(gateway.port());
  client.ask(subscribe("status", R"(,"market":"BTC-PERP")"), 7);
  client.next_of("status");
  MarketSpec spec = perpetua::test::make_spec("BTC-PERP");
  spec.taker_fee_ppm = 700;
  Command command(CommandType::change_market, 0, 0);
  command.change_market = ChangeMarket{};
  command.change_market.effective_at_ms = wall_now_ms() + 100'000;
  ASSERT_EQ(gateway.run(command, {reinterpret_cast<const char*>(&spec), sizeof spec}).code,
            ResultCode::ok);
  json::object told = client.next_of("status");
  EXPECT_EQ(text_of(told, "event"), "market_change_scheduled");
  EXPECT_EQ(text_of(told, "market"), "BTC-PERP");
  EXPECT_EQ(text_of(told.at("change").as_object(), "taker_fee"), "0.0007");
  EXPECT_EQ(number_of(told.at("change").as_object(), "effective_at"),
            command.change_market.effective_at_ms);
  gateway.advance(100'000);
  told = client.next_of("status");
  while (text_of(told, "event").empty()) told = client.next_of("status");
  EXPECT_EQ(text_of(told, "event"), "market_changed");
  EXPECT_EQ(text_of(told.at("change").as_object(), "taker_fee"), "0.0007");
}

}  // namespace
}  // namespace perpetua::gateway::ws::test
