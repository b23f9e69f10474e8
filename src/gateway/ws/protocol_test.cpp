// The protocol of /ws over a real socket: greeting, errors, limits, the end.
#include "gateway/ws/ws_test_client.hpp"

namespace perpetua::gateway::ws::test {
namespace {

TEST(WsProtocolTest, greets_with_time_and_session_id) {
  TestGateway gateway;
  TestClient first(gateway.port());
  TestClient second(gateway.port());
  const json::object hello = first.next();
  EXPECT_EQ(text_of(hello, "type"), "connected");
  EXPECT_GT(number_of(hello, "time"), 1'600'000'000'000);
  EXPECT_TRUE(hello.at("agent_id").is_null());
  EXPECT_NE(text_of(hello, "session_id"), text_of(second.next(), "session_id"));
}

TEST(WsProtocolTest, bad_messages_get_a_coded_error_and_the_socket_lives_on) {
  TestGateway gateway;
  TestClient client(gateway.port());
  client.next();
  const std::pair<std::string, std::string> cases[] = {
      {"not json", "malformed_json"},
      {R"({"op":"ping","op":"ping"})", "malformed_json"},
      {R"([1])", "malformed_json"},
      {R"({})", "missing_field"},
      {R"({"op":7})", "missing_field"},
      {R"({"op":"fly"})", "invalid_field"},
      {R"({"op":"ping","what":1})", "invalid_field"},
      {R"({"op":"subscribe"})", "missing_field"},
      {R"({"op":"subscribe","channel":"weather"})", "invalid_field"},
      {R"({"op":"subscribe","channel":"book"})", "missing_field"},
      {R"({"op":"subscribe","channel":"book","market":"DOGE-PERP"})", "market_not_found"},
      {R"({"op":"subscribe","channel":"candles","market":"BTC-PERP"})", "missing_field"},
      {R"({"op":"subscribe","channel":"candles","market":"BTC-PERP","interval":"2m"})",
       "invalid_field"},
      {R"({"op":"subscribe","channel":"thoughts","market":"BTC-PERP"})", "invalid_field"},
      {R"({"op":"subscribe","channel":"thoughts","agent_id":"99"})", "agent_not_found"},
      {R"({"op":"unsubscribe","channel":"book","market":"BTC-PERP"})", "invalid_request"},
      {R"({"op":"subscribe","channel":"orders"})", "unauthorized"},
      {R"({"op":"auth","key":"th_nobody"})", "unauthorized"},
      {R"({"op":"auth","key":"the-operator-key-of-these-tests-is-long"})", "forbidden"},
      {R"({"op":"place","market":"BTC-PERP"})", "unauthorized"},
  };
  for (const auto& [text, code] : cases) {
    client.send(text);
    EXPECT_EQ(code_of(client.next()), code) << text;
  }
  EXPECT_EQ(text_of(client.ask(R"({"op":"ping","id":3})", 3), "type"), "pong");
}

TEST(WsProtocolTest, pings_in_the_form_of_the_former_hub_are_answered) {
  TestGateway gateway;
  TestClient client(gateway.port());
  client.next();
  client.send(R"({"type":"ping"})");
  EXPECT_EQ(text_of(client.next(), "type"), "pong");
}

TEST(WsProtocolTest, a_flood_of_operations_is_refused_and_the_socket_lives_on) {
  TestGateway gateway;
  TestClient client(gateway.port());
  client.next();
  constexpr int kSent = static_cast<int>(kOperationsBurst) * 3;
  for (int i = 0; i < kSent; ++i) client.send(R"({"op":"ping"})");
  int refused = 0;
  for (int i = 0; i < kSent; ++i) {
    if (code_of(client.next()) == "rate_limited") ++refused;
  }
  EXPECT_GT(refused, 0);
  EXPECT_LE(refused, kSent - static_cast<int>(kOperationsBurst));
}

TEST(WsProtocolTest, a_binary_message_closes_with_unsupported_data) {
  TestGateway gateway;
  TestClient client(gateway.port());
  client.next();
  client.stream().binary(true);
  client.send("x");
  EXPECT_EQ(client.wait_closed(), 1003u);
}

TEST(WsProtocolTest, a_message_above_64_kib_ends_the_connection) {
  TestGateway gateway;
  TestClient client(gateway.port());
  client.next();
  client.send(std::string(kMessageBytesMax, 'x'));
  EXPECT_EQ(code_of(client.next()), "malformed_json");
  client.send(std::string(kMessageBytesMax + 1, 'x'));
  EXPECT_EQ(client.wait_closed(), 1009u);
  EXPECT_TRUE(eventually([&] { return gateway.open_sockets() == 0; }));
}

TEST(WsProtocolTest, text_that_is_not_utf8_ends_the_connection) {
  TestGateway gateway;
  TestClient client(gateway.port());
  client.next();
  client.send("{\"op\":\"\xc0\xaf\"}");
  EXPECT_EQ(client.wait_closed(), 1007u);
}

TEST(WsProtocolTest, a_flood_of_pings_closes_with_policy) {
  TestGateway gateway;
  TestClient client(gateway.port());
  client.next();
  try {
    for (uint32_t i = 0; i < 4 * kControlFramesPerSecondMax; ++i) {
      client.await([&](auto done) { client.stream().async_ping({}, done); });
    }
  } catch (const boost::system::system_error&) {
    // The server may have closed before all of them were sent.
  }
  EXPECT_EQ(client.wait_closed(), 1008u);
}

TEST(WsProtocolTest, endless_empty_fragments_close_with_policy) {
  TestGateway gateway;
  TestClient client(gateway.port());
  client.next();
  // A text frame that is not the last, then continuations without content, masked with zeros.
  std::string bytes("\x01\x80\0\0\0\0", 6);
  const std::string fragment("\x00\x80\0\0\0\0", 6);
  for (int i = 0; i < 1'000; ++i) bytes += fragment;
  boost::system::error_code error;
  for (int i = 0; i < 1'000 && !error; ++i) {
    net::write(client.stream().next_layer(), net::buffer(bytes), error);
    bytes.erase(0, i == 0 ? 6 : 0);
    if (client.stream().next_layer().available(error) > 0) break;
  }
  EXPECT_EQ(client.wait_closed(), 1008u);
}

TEST(WsProtocolTest, a_client_that_closes_is_let_go) {
  TestGateway gateway;
  TestClient client(gateway.port());
  client.next();
  ASSERT_EQ(gateway.open_sockets(), 1);
  client.await([&](auto done) {
    client.stream().async_close(websocket::close_code::normal, done);
  });
  EXPECT_TRUE(eventually([&] { return gateway.open_sockets() == 0; }));
}

TEST(WsProtocolTest, a_client_that_vanishes_is_let_go_with_its_subscriptions) {
  TestGateway gateway;
  const TestAgent agent = gateway.add_agent();
  {
    TestClient client(gateway.port(), agent.key);
    client.ask(subscribe("book", R"(,"market":"BTC-PERP")"), 7);
    client.ask(subscribe("private"), 7);
  }
  EXPECT_TRUE(eventually([&] { return gateway.open_sockets() == 0; }));
  const uint64_t frames = gateway.hub.frames_made();
  gateway.run(perpetua::test::limit(agent.id, Side::buy, 59'000, 1'000));
  EXPECT_EQ(gateway.hub.frames_made(), frames);
}

TEST(WsProtocolTest, a_stopping_server_says_so_in_the_close_frame) {
  TestGateway gateway;
  TestClient client(gateway.port());
  client.next();
  gateway.stop();
  EXPECT_EQ(client.wait_closed(), 1001u);
  EXPECT_NE(client.close_reason().find("stopping"), std::string::npos);
}

TEST(WsProtocolTest, a_key_at_the_upgrade_authenticates) {
  TestGateway gateway;
  const TestAgent agent = gateway.add_agent();
  TestClient client(gateway.port(), agent.key);
  EXPECT_EQ(text_of(client.next(), "agent_id"), std::to_string(agent.id));
  TestClient stranger(gateway.port(), "th_stranger");
  EXPECT_TRUE(stranger.next().at("agent_id").is_null());
  EXPECT_EQ(code_of(stranger.next()), "unauthorized");
}

TEST(WsProtocolTest, a_socket_authenticates_once) {
  TestGateway gateway;
  const TestAgent agent = gateway.add_agent();
  TestClient client(gateway.port());
  const std::string auth = R"({"op":"auth","id":1,"key":")" + agent.key + "\"}";
  const json::object done = client.ask(auth, 1);
  EXPECT_EQ(text_of(done, "type"), "authenticated");
  EXPECT_EQ(text_of(done, "agent_id"), std::to_string(agent.id));
  EXPECT_EQ(code_of(client.ask(auth, 1)), "invalid_request");
}

}  // namespace
}  // namespace perpetua::gateway::ws::test
