// A server behind a proxy, one that is replaced, one that serves a part of the paths.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <thread>

#include "gateway/server_test_support.hpp"
#include "gateway/ws/hub.hpp"

namespace perpetua::gateway {
namespace {

using namespace test;

constexpr int64_t kLongMs = 60'000;

HttpReply read_for(HttpClient& client, const char* forwarded_for) {
  return client.send("GET", "/api/v1/markets", {}, {{"X-Forwarded-For", forwarded_for}});
}

TEST(Proxies, budgets_are_those_of_the_client_behind_a_trusted_one) {
  ServerOptions options = test_options();
  options.rates.address_reads = {1, 1};
  options.trusted_proxies = {"127.0.0.0/8"};
  TestExchange exchange(options);
  HttpClient proxy(exchange.port());
  for (const char* client : {"203.0.113.1", "203.0.113.2", "evil, 203.0.113.3, 127.0.0.9"}) {
    EXPECT_EQ(read_for(proxy, client).status, 200) << client;
    EXPECT_EQ(read_for(proxy, client).status, 429) << client;
  }
  proxy.write(
      "GET /api/v1/markets HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\n"
      "X-Forwarded-For: 203.0.113.3\r\n\r\n");
  EXPECT_EQ(proxy.read().status, 429) << "of two headers the last one was added last";
  EXPECT_EQ(read_for(proxy, "not an address").status, 200) << "counts as the proxy itself";
  EXPECT_EQ(read_for(proxy, "nor this").status, 429);
}

TEST(Proxies, nobody_else_is_believed) {
  ServerOptions options = test_options();
  options.rates.address_reads = {1, 1};
  options.trusted_proxies = {"10.0.0.0/8"};
  TestExchange exchange(options);
  HttpClient client(exchange.port());
  EXPECT_EQ(read_for(client, "203.0.113.1").status, 200);
  EXPECT_EQ(read_for(client, "203.0.113.2").status, 429);
}

TEST(Proxies, connections_of_a_trusted_one_are_not_one_clients) {
  ServerOptions options = test_options();
  options.connections_per_address_max = 1;
  options.trusted_proxies = {"127.0.0.1"};
  TestExchange exchange(options);
  HttpClient first(exchange.port()), second(exchange.port());
  EXPECT_EQ(first.send("GET", "/healthz").status, 200);
  EXPECT_EQ(second.send("GET", "/healthz").status, 200);
}

TEST(Proxies, a_list_that_names_no_network_is_refused) {
  ServerOptions options = test_options();
  options.trusted_proxies = {"nginx"};
  EXPECT_THROW(TestExchange exchange(options), std::runtime_error);
}

TEST(Drain, ends_each_connection_with_an_answer_and_loses_none) {
  ServerOptions options = test_options();
  options.drain_ms = kLongMs;
  TestExchange exchange(options);
  HttpClient busy(exchange.port()), idle(exchange.port()), asking(exchange.port());
  register_agent(busy, "w");
  EXPECT_EQ(idle.send("GET", "/healthz").status, 200);
  EXPECT_EQ(asking.send("GET", "/readyz").status, 200);
  exchange.hold();
  busy.write("POST /api/v1/thoughts HTTP/1.1\r\nX-API-Key: " + busy.key +
             "\r\nContent-Length: 12\r\n\r\n{\"text\":\"x\"}");
  ASSERT_TRUE(eventually([&] { return exchange.held() == 1; }));
  std::thread stopper([&] { exchange.server().stop(); });
  EXPECT_TRUE(eventually([&] {
    try {
      HttpClient late(exchange.port());
      return false;
    } catch (const std::exception&) {
      return true;  // nobody listens
    }
  }));
  HttpReply ready = asking.send("GET", "/readyz");
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(ready.code(), "shutting_down");
  EXPECT_NE(ready.text("message").find("draining"), std::string::npos);
  EXPECT_EQ(ready.header("connection"), "close");
  EXPECT_TRUE(asking.is_closed_by_peer());

  // Two at once on a connection that was idle: both are answered, the last one ends it.
  idle.write(
      "GET /api/v1/markets HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(idle.read().status, 200);
  const HttpReply last = idle.read();
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(last.header("connection"), "close");

  exchange.release();
  const HttpReply reply = busy.read();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("connection"), "close");
  EXPECT_TRUE(idle.is_closed_by_peer());
  EXPECT_TRUE(busy.is_closed_by_peer());
  stopper.join();  // long before its time: nobody is left
}

TEST(Drain, closes_who_never_asks_at_its_end) {
  ServerOptions options = test_options();
  options.drain_ms = 100;
  TestExchange exchange(options);
  HttpClient idle(exchange.port());
  EXPECT_EQ(idle.send("GET", "/healthz").status, 200);
  const auto start = std::chrono::steady_clock::now();
  exchange.server().stop();
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(100));
  EXPECT_TRUE(idle.is_closed_by_peer());
}

TEST(Drain, who_is_connected_and_not_yet_accepted_is_served) {
  ServerOptions options = test_options();
  options.drain_ms = kLongMs;
  for (int round = 0; round < 20; ++round) {
    TestExchange exchange(options);
    std::vector<std::unique_ptr<HttpClient>> clients;
    for (int i = 0; i < 20; ++i) {
      clients.push_back(std::make_unique<HttpClient>(exchange.port()));
      clients.back()->write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    std::thread stopper([&] { exchange.server().stop(); });
    for (const auto& client : clients) EXPECT_EQ(client->read().status, 200);
    clients.clear();
    stopper.join();
  }
}

TEST(ServedPaths, a_process_without_the_api_says_so) {
  for (const ServedPaths paths : {ServedPaths::sockets, ServedPaths::status}) {
    ServerOptions options = test_options();
    options.served_paths = paths;
    TestExchange exchange(options);
    HttpClient client(exchange.port());
    for (const char* path : {"/healthz", "/readyz", "/metrics", "/health"}) {
      EXPECT_EQ(client.send("GET", path).status, 200) << path;
    }
    for (const char* path : {"/api/v1/markets", "/api/v1/account", "/prices", "/docs", "/"}) {
      const HttpReply reply = client.send("GET", path);
      EXPECT_EQ(reply.status, 404) << path;
      EXPECT_EQ(reply.code(), "not_served_here") << path;
    }
    EXPECT_EQ(client.send("POST", "/intents", "{}").code(), "not_served_here");
    EXPECT_EQ(client.send("POST", "/api/v1/agents", R"({"wallet":"w"})").code(), "not_served_here");
    EXPECT_EQ(client.send("GET", "/nothing").code(), "not_found");
    EXPECT_EQ(client.send("POST", "/healthz").status, 405);
  }
}

TEST(ServedPaths, a_process_of_status_alone_has_no_sockets) {
  ServerOptions options = test_options();
  options.served_paths = ServedPaths::status;
  TestExchange exchange(options);
  HttpClient client(exchange.port());
  const HttpReply reply = client.send("GET", "/ws", {},
                                      {{"Connection", "Upgrade"},
                                       {"Upgrade", "websocket"},
                                       {"Sec-WebSocket-Version", "13"},
                                       {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}});
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.code(), "not_served_here");
}

}  // namespace
}  // namespace perpetua::gateway
