// Private channels and order entry over a real socket.
#include <set>

#include "gateway/ws/ws_test_client.hpp"

namespace perpetua::gateway::ws::test {
namespace {

using perpetua::test::cancel;
using perpetua::test::limit;

// The sequences of every private message until the one numbered `last` has come on `account`.
struct Stream {
  std::set<int64_t> sequences;
  std::vector<std::string> types;

  void read_to(TestClient& client, int64_t last) {
    while (sequences.empty() || *sequences.rbegin() < last) {
      const json::object message = client.next();
      if (number_of(message, "seq") < 0 || text_of(message, "type") == "subscribed") continue;
      sequences.insert(number_of(message, "seq"));
      types.push_back(text_of(message, "type") + "/" + text_of(message, "event"));
    }
  }
  bool is_gap_free() const {
    return *sequences.rbegin() - *sequences.begin() + 1 == static_cast<int64_t>(sequences.size());
  }
};

int64_t last_sequence(const TestGateway& gateway, AgentId agent) {
  return static_cast<int64_t>(gateway.hot.account(agent)->agent_sequence);
}

TEST(WsPrivateTest, all_channels_together_are_gap_free_and_only_ones_own) {
  TestGateway gateway;
  const TestAgent maker = gateway.add_agent();
  const TestAgent taker = gateway.add_agent();
  TestClient client(gateway.port(), maker.key);
  const json::object answer = client.ask(subscribe("private"), 7);
  const int64_t start = number_of(answer, "seq");
  EXPECT_EQ(start, last_sequence(gateway, maker.id));
  gateway.run(limit(maker.id, Side::sell, 60'010, 5'000));
  gateway.run_all({limit(taker.id, Side::buy, 60'010, 2'000),
                   limit(taker.id, Side::buy, 60'010, 1'000)});
  gateway.run(Command(CommandType::cancel_all, maker.id));
  Stream stream;
  stream.read_to(client, last_sequence(gateway, maker.id));
  EXPECT_EQ(*stream.sequences.begin(), start + 1);
  EXPECT_TRUE(stream.is_gap_free());
  const std::vector<std::string> expected = {
      "orders/accepted", "account/balance",    "fills/fill",    "positions/position", "fills/fill",
      "positions/position", "account/balance", "orders/closed", "account/balance"};
  EXPECT_EQ(stream.types, expected);
}

TEST(WsPrivateTest, triggers_and_brackets_are_told_on_the_orders_channel) {
  TestGateway gateway;
  const TestAgent maker = gateway.add_agent();
  const TestAgent taker = gateway.add_agent();
  TestClient client(gateway.port(), taker.key);
  client.ask(subscribe("orders"), 7);
  gateway.run(limit(maker.id, Side::sell, 60'000, 5'000));
  Command entry = limit(taker.id, Side::buy, 60'000, 5'000);
  entry.place.stop_loss = 59'000;
  entry.place.take_profit = 61'000;
  gateway.run(entry);
  EXPECT_EQ(text_of(client.next_of("orders"), "event"), "accepted");
  const json::object bracket = client.next_of("orders");
  EXPECT_EQ(text_of(bracket, "event"), "bracket");
  EXPECT_EQ(text_of(bracket, "stop_loss"), "59000");
  EXPECT_EQ(text_of(bracket, "take_profit"), "61000");
  const json::object stop = client.next_of("orders");
  EXPECT_EQ(text_of(stop, "event"), "trigger");
  EXPECT_EQ(text_of(stop, "kind"), "stop");
  EXPECT_EQ(text_of(stop, "status"), "waiting");
  EXPECT_EQ(text_of(stop, "trigger_price"), "59000");
  EXPECT_EQ(text_of(stop, "bracket_of"), text_of(bracket, "order_id"));
  const json::object target = client.next_of("orders");
  EXPECT_EQ(text_of(target, "trigger_id"), text_of(stop, "partner_id"));
  gateway.run(cancel(taker.id, std::stoull(text_of(stop, "trigger_id"))));
  const json::object closed = client.next_of("orders");
  EXPECT_EQ(text_of(closed, "event"), "trigger_closed");
  EXPECT_EQ(text_of(closed, "trigger_id"), text_of(stop, "trigger_id"));
  EXPECT_EQ(text_of(closed, "close_reason"), "cancelled");
  EXPECT_TRUE(closed.at("refusal").is_null());
}

TEST(WsPrivateTest, a_fill_shows_what_http_would_show) {
  TestGateway gateway;
  const TestAgent maker = gateway.add_agent();
  const TestAgent taker = gateway.add_agent();
  TestClient client(gateway.port(), taker.key);
  client.ask(subscribe("fills"), 7);
  client.ask(subscribe("positions"), 7);
  gateway.run_all({limit(maker.id, Side::sell, 60'010, 5'000),
                   limit(taker.id, Side::buy, 60'020, 2'000)});
  const json::object fill = client.next_of("fills");
  EXPECT_EQ(text_of(fill, "price"), "60010");
  EXPECT_EQ(text_of(fill, "size"), "0.002");
  EXPECT_EQ(text_of(fill, "liquidity"), "taker");
  EXPECT_EQ(text_of(fill, "notional"), "120.02");
  EXPECT_EQ(text_of(fill, "fee"), "0.06001");
  const json::object position = client.next_of("positions");
  EXPECT_EQ(text_of(position, "side"), "long");
  EXPECT_EQ(text_of(position, "size"), "0.002");
  EXPECT_EQ(number_of(position, "seq"), number_of(fill, "seq"));
}

TEST(WsPrivateTest, resuming_gives_exactly_what_was_missed) {
  TestGateway gateway;
  const TestAgent agent = gateway.add_agent();
  int64_t seen = 0;
  {
    TestClient first(gateway.port(), agent.key);
    first.ask(subscribe("private"), 7);
    gateway.run(limit(agent.id, Side::buy, 59'000, 1'000));
    Stream stream;
    stream.read_to(first, seen = last_sequence(gateway, agent.id));
  }
  gateway.run_all({limit(agent.id, Side::buy, 59'001, 1'000),
                   limit(agent.id, Side::buy, 59'002, 1'000)});
  TestClient second(gateway.port(), agent.key);
  const json::object answer =
      second.ask(subscribe("private", ",\"resume_from\":" + std::to_string(seen)), 7);
  EXPECT_EQ(number_of(answer, "seq"), seen);
  EXPECT_EQ(number_of(answer, "last_seq"), last_sequence(gateway, agent.id));
  gateway.run(limit(agent.id, Side::buy, 59'003, 1'000));
  Stream stream;
  stream.read_to(second, last_sequence(gateway, agent.id));
  EXPECT_EQ(*stream.sequences.begin(), seen + 1);
  EXPECT_TRUE(stream.is_gap_free());
  EXPECT_EQ(stream.types.size(), stream.sequences.size());  // nothing came twice
}

TEST(WsPrivateTest, resuming_from_the_future_says_to_fetch_again) {
  TestGateway gateway;
  const TestAgent agent = gateway.add_agent();
  TestClient client(gateway.port(), agent.key);
  const json::object answer = client.ask(subscribe("orders", R"(,"resume_from":1000000)"), 7);
  EXPECT_EQ(code_of(answer), "invalid_cursor");
  EXPECT_EQ(text_of(client.ask(subscribe("orders"), 7), "type"), "subscribed");
}

TEST(WsPrivateTest, a_socket_that_does_not_read_is_closed_with_the_sequence_to_resume_from) {
  TestGateway gateway;
  const TestAgent agent = gateway.add_agent();
  const TestAgent other = gateway.add_agent();
  TestClient slow(gateway.port(), agent.key, 4'096);
  TestClient quick(gateway.port(), other.key);
  // The acknowledgement carries the sequence it starts from: read, so received.
  int64_t received = number_of(slow.ask(subscribe("private"), 7), "seq");
  quick.ask(subscribe("private"), 7);
  for (int i = 0; i < 400; ++i) {
    std::vector<Command> commands;
    for (int j = 0; j < 20; ++j) {
      commands.push_back(limit(agent.id, Side::buy, 59'000 - j, 1'000));
    }
    commands.push_back(Command(CommandType::cancel_all, agent.id));
    gateway.run_all(commands);
  }
  gateway.run(limit(other.id, Side::buy, 59'000, 1'000));
  Stream stream;
  stream.read_to(quick, last_sequence(gateway, other.id));
  EXPECT_TRUE(stream.is_gap_free());

  try {
    for (;;) received = std::max(received, number_of(slow.next(), "seq"));
  } catch (const boost::system::system_error& error) {
    EXPECT_EQ(error.code(), websocket::error::closed);
  }
  EXPECT_EQ(slow.stream().reason().code, 4008u);
  const std::string reason = slow.close_reason();
  const std::string marker = "resume_from ";
  ASSERT_NE(reason.find(marker), std::string::npos) << reason;
  const int64_t resume = std::stoll(reason.substr(reason.find(marker) + marker.size()));
  EXPECT_GT(resume, 0);
  EXPECT_LE(resume, received);  // nothing the client did not get is skipped
  EXPECT_LT(received, last_sequence(gateway, agent.id));
}

TEST(WsPrivateTest, a_revoked_key_loses_private_channels_and_order_entry_at_once) {
  TestGateway gateway;
  const TestAgent agent = gateway.add_agent();
  const TestAgent other = gateway.add_agent();
  TestClient client(gateway.port(), agent.key);
  TestClient stays(gateway.port(), other.key);
  for (TestClient* each : {&client, &stays}) each->ask(subscribe("private"), 7);
  client.ask(subscribe("book", R"(,"market":"BTC-PERP")"), 7);
  gateway.revoke(agent);
  EXPECT_EQ(code_of(client.next_of("error")), "unauthorized");
  EXPECT_EQ(code_of(client.ask(R"({"op":"cancel_all","id":1})", 1)), "unauthorized");
  gateway.run_all({limit(agent.id, Side::buy, 59'000, 1'000),
                   limit(other.id, Side::buy, 59'000, 1'000)});
  EXPECT_EQ(text_of(client.next(), "type"), "book");  // public data still flow, private ones not
  client.send(R"({"op":"ping","id":2})");
  EXPECT_EQ(text_of(client.next(), "type"), "pong");
  EXPECT_EQ(text_of(stays.next_of("orders"), "event"), "accepted");
}

TEST(WsPrivateTest, an_expired_key_loses_private_channels_within_a_second) {
  TestGateway gateway;
  const TestAgent agent = gateway.add_agent(kScopesAll, wall_now_ms() + 1'000);
  TestClient client(gateway.port(), agent.key);
  client.ask(subscribe("private"), 7);
  EXPECT_EQ(code_of(client.next_of("error")), "unauthorized");
  EXPECT_LT(wall_now_ms() - gateway.hot.log_time_ms(), 4'000);
}

TEST(WsPrivateTest, scopes_are_enforced) {
  TestGateway gateway;
  const TestAgent reader = gateway.add_agent(kScopeRead);
  const TestAgent trader = gateway.add_agent(kScopeTrade);
  TestClient reads(gateway.port(), reader.key);
  EXPECT_EQ(text_of(reads.ask(subscribe("orders"), 7), "type"), "subscribed");
  const json::object refused = reads.ask(R"({"op":"cancel_all","id":1})", 1);
  EXPECT_EQ(code_of(refused), "forbidden");
  EXPECT_EQ(text_of(refused.at("error").as_object(), "field"), "trade");
  TestClient trades(gateway.port(), trader.key);
  EXPECT_EQ(code_of(trades.ask(subscribe("orders"), 7)), "forbidden");
  trades.send(R"({"op":"cancel_all","id":1})");
  ASSERT_TRUE(gateway.run_submitted(1));
  EXPECT_TRUE(trades.next_of("reply").at("ok").as_bool());
}

}  // namespace
}  // namespace perpetua::gateway::ws::test
