// Requests that wait for what other processes have acknowledged.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <thread>

#include "gateway/auth/api_key.hpp"
#include "gateway/http/endpoint.hpp"
#include "gateway/native/native_test_support.hpp"

namespace perpetua::gateway {
namespace {

using namespace test;

class ReadBarriers : public testing::Test {
 protected:
  // What another process acknowledged reaches this one while the request waits.
  HttpReply send_and_catch_up(std::string_view method, std::string_view target,
                              std::string_view body, const std::function<void()>& catch_up) {
    HttpReply reply;
    std::thread sender([&] { reply = client.send(method, target, body); });
    EXPECT_TRUE(eventually([&] { return barrier.questions.count() > 0; })) << target;
    catch_up();
    barrier.questions.answer();
    sender.join();
    return reply;
  }
  void deposit(AgentId agent) {
    Command command(CommandType::deposit, agent);
    command.money = MoveMoney();
    command.money.amount = Micro(5'000'000);
    EXPECT_EQ(exchange.run(command).code, ResultCode::ok);
  }
  AgentId register_here(std::string_view wallet) {
    barrier.is_up = false;
    const AgentId agent = register_agent(client, wallet, "100");
    barrier.is_up = true;
    return agent;
  }

  FakeBarrier barrier;
  TestExchange exchange{test_options(), true, {.barrier = &barrier}};
  HttpClient client{exchange.port()};
};

TEST_F(ReadBarriers, a_read_shows_what_was_acknowledged_before_it) {
  const AgentId agent = register_here("w");
  const auto catch_up = [&] { deposit(agent); };
  EXPECT_EQ(send_and_catch_up("GET", "/api/v1/account", {}, catch_up).text("free"), "105");
  const HttpReply balance = send_and_catch_up("GET", "/balance/agent_0001", {}, catch_up);
  EXPECT_NE(balance.body.find("110"), std::string::npos) << balance.body;
  EXPECT_EQ(barrier.waits, 2) << "once a request";
}

TEST_F(ReadBarriers, one_that_is_passed_at_once_delays_nothing) {
  register_here("w");
  barrier.is_immediate = true;
  EXPECT_EQ(client.send("GET", "/api/v1/account").text("free"), "100");
  EXPECT_EQ(client.send("GET", "/api/v1/orders/history").status, 200) << "by the disk's threads";
  barrier.is_up = false;
  EXPECT_EQ(client.send("GET", "/api/v1/account").status, 200);
  EXPECT_EQ(barrier.waits, 2) << "none is needed";
}

TEST_F(ReadBarriers, a_key_made_elsewhere_works_at_once) {
  const ApiKey key = ApiKeySource(std::string_view()).make();
  client.key = key.text;
  const auto catch_up = [&] {
    Command command(CommandType::register_agent);
    command.register_agent = RegisterAgent();
    command.register_agent.wallet_length = 1;
    command.register_agent.key_sha256 = key.sha256;
    EXPECT_EQ(exchange.run(command, "w").code, ResultCode::ok);
  };
  const HttpReply reply =
      send_and_catch_up("POST", "/api/v1/thoughts", R"({"text":"x"})", catch_up);
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(client.send("POST", "/api/v1/thoughts", R"({"text":"y"})").status, 200);
  EXPECT_EQ(barrier.waits, 1) << "it is known now";

  client.key = "th_aaaa_" + std::string(32, 'b');
  EXPECT_EQ(send_and_catch_up("POST", "/api/v1/thoughts", "{}", [] {}).status, 401);
  EXPECT_EQ(barrier.waits, 2) << "one wait, then it is refused";
}

TEST_F(ReadBarriers, a_mutation_that_looks_something_up_finds_what_was_acknowledged) {
  register_here("w");
  const auto make_key = [&] {
    Command command(CommandType::create_key, 1);
    command.create_key = CreateKey();
    command.create_key.scopes = kScopeRead;
    EXPECT_EQ(exchange.run(command, "key").code, ResultCode::ok);
  };
  const HttpReply gone =
      send_and_catch_up("DELETE", "/auth/keys/key_0000000000000002", {}, make_key);
  EXPECT_EQ(gone.status, 200) << gone.body;
}

TEST_F(ReadBarriers, orders_and_what_tells_of_the_process_do_not_wait) {
  register_here("w");
  const int before = barrier.waits;
  for (const char* path : {"/healthz", "/readyz", "/metrics", "/health", "/openapi.json", "/docs",
                           "/", "/api", "/agent.md", "/api/v1/limits"}) {
    EXPECT_EQ(client.send("GET", path).status, 200) << path;
  }
  constexpr std::string_view kOrder =
      R"({"market":"BTC-PERP","side":"buy","size":"0.001","price":"50000"})";
  EXPECT_EQ(client.send("POST", "/api/v1/orders", kOrder).status, 200);
  EXPECT_EQ(client.send("POST", "/api/v1/orders/cancel-all", "{}").status, 200);
  EXPECT_EQ(barrier.waits, before);
}

TEST_F(ReadBarriers, every_endpoint_that_shows_state_waits) {
  for (const Endpoint& endpoint : served_endpoints()) {
    const bool is_of_process = endpoint.tag == "system";
    if (endpoint.method == Method::get) {
      EXPECT_EQ(endpoint.shows_state(), !is_of_process) << endpoint.name;
    } else if (endpoint.surface == Surface::hub || endpoint.name == "previewOrder" ||
               endpoint.name == "closePosition" || endpoint.name == "cancelIntent") {
      EXPECT_TRUE(endpoint.shows_state()) << endpoint.name;
    } else {
      EXPECT_FALSE(endpoint.shows_state()) << endpoint.name;
    }
  }
}

TEST(ReadBarrier, that_never_lets_through_does_not_hold_up_the_end) {
  FakeBarrier barrier;
  ServerOptions options = test_options();
  options.stop_timeout_ms = 50;
  TestExchange exchange(options, true, {.barrier = &barrier});
  HttpClient client(exchange.port());
  client.write("GET /api/v1/markets HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return barrier.questions.count() > 0; }));
  exchange.server().stop();
  EXPECT_TRUE(client.is_closed_by_peer());
  barrier.questions.drop();  // the server's end is near
}

}  // namespace
}  // namespace perpetua::gateway
