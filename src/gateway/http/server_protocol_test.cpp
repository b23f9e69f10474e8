// HTTP itself: framing, limits, deadlines, connections, shutdown.
#include <gtest/gtest.h>

#include <thread>

#include "gateway/failure_log.hpp"
#include "gateway/server_test_support.hpp"

namespace perpetua::gateway {
namespace {

using namespace test;

TEST(ServerProtocol, keeps_the_connection_and_answers_in_order) {
  TestExchange exchange;
  HttpClient client(exchange.port());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.send("GET", "/healthz").status, 200);
  client.write(
      "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /api/v1/markets HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.read().text("status"), "alive");
  EXPECT_EQ(client.read().code(), "not_found");
  const HttpReply last = client.read();
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(last.header("connection"), "close");
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST(ServerProtocol, pipelined_mutations_are_answered_in_order) {
  TestExchange exchange;
  HttpClient client(exchange.port());
  register_agent(client, "w", "100");
  std::string requests;
  for (int i = 0; i < 20; ++i) {
    const std::string body = R"({"text":"thought )" + std::to_string(i) + "\"}";
    requests += "POST /api/v1/thoughts HTTP/1.1\r\nX-API-Key: " + client.key +
                "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  client.write(requests);
  for (int i = 1; i <= 20; ++i) {
    EXPECT_EQ(client.read().text("thought_id"), std::to_string(i));
  }
}

TEST(ServerProtocol, a_request_in_pieces_is_one_request) {
  TestExchange exchange;
  HttpClient client(exchange.port());
  const std::string request =
      "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(3'000, 'a') + "\r\n\r\n";
  for (std::size_t i = 0; i < request.size(); i += 700) client.write(request.substr(i, 700));
  EXPECT_EQ(client.read().status, 200);
  const std::string body = R"({"wallet":"in-pieces"})";
  client.write(
      "POST /api/v1/agents HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
      "Content-Length: " +
      std::to_string(body.size()) + "\r\n\r\n");
  EXPECT_EQ(client.read().status, 100);
  client.write(body);
  EXPECT_EQ(client.read().status, 200);
}

TEST(ServerProtocol, head_has_the_headers_of_get_and_no_body) {
  TestExchange exchange;
  HttpClient client(exchange.port());
  const HttpReply get = client.send("GET", "/api/v1/limits");
  const HttpReply head = client.send("HEAD", "/api/v1/limits");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), get.header("content-length"));
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(client.send("GET", "/healthz").status, 200) << "the stream is still in step";
}

struct Hostile {
  std::string bytes;
  int status;
  std::string code;
};

TEST(ServerProtocol, what_is_not_http_gets_one_4xx_and_a_close) {
  TestExchange exchange;
  const std::string post = "POST /api/v1/agents HTTP/1.1\r\nHost: x\r\n";
  for (const Hostile& row : std::vector<Hostile>{
           {"hello\r\n\r\n", 400, "bad_request"},
           {"GET / HTTP/9.9\r\n\r\n", 400, "bad_request"},
           {"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n", 400, "bad_request"},
           {"GET /api/v1/time HTTP/1.1\r\nBad Header: x\r\n\r\n", 400, "invalid_request"},
           {post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", 400,
            "invalid_request"},
           {post + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n", 400,
            "invalid_request"},
           {post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400, "invalid_request"},
           {post + "Content-Length: -1\r\n\r\n", 400, "invalid_request"},
           {post + "Content-Length: 65537\r\n\r\n", 413, "payload_too_large"},
           {post + "Transfer-Encoding: chunked\r\n\r\n10001\r\n" + std::string(0x10001, 'x'), 413,
            "payload_too_large"},
           {"GET / HTTP/1.1\r\nX-Long: " + std::string(9'000, 'a') + "\r\n\r\n", 431,
            "header_too_large"},
           {"GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\n\r\n", 431, "header_too_large"},
           {"GET /api/v1/time HTTP/1.1\r\nX-Long: " + std::string(9'000, 'a') + "\r\n\r\n", 431,
            "payload_too_large"},
       }) {
    HttpClient client(exchange.port());
    client.write(row.bytes);
    const HttpReply reply = client.read();
    EXPECT_EQ(reply.status, row.status) << row.bytes.substr(0, 80) << reply.body;
    EXPECT_EQ(reply.code(), row.code) << row.bytes.substr(0, 80);
    EXPECT_EQ(reply.text("detail").empty(), row.bytes.find("/api/v1") != std::string::npos)
        << reply.body;
    EXPECT_TRUE(client.is_closed_by_peer());
  }
  HttpClient client(exchange.port());
  EXPECT_EQ(client.send("GET", "/healthz").status, 200);
}

TEST(ServerProtocol, a_body_of_exactly_the_limit_is_read) {
  TestExchange exchange;
  HttpClient client(exchange.port());
  const std::string head = R"({"wallet":")";
  const std::string body = head + std::string(kBodyBytesMax - head.size() - 2, 'w') + "\"}";
  ASSERT_EQ(body.size(), kBodyBytesMax);
  const HttpReply reply = client.send("POST", "/api/v1/agents", body);
  EXPECT_EQ(reply.code(), "invalid_field");
  EXPECT_EQ(reply.text("field"), "wallet");
}

TEST(ServerProtocol, slow_and_idle_connections_are_closed) {
  ServerOptions options = test_options();
  options.header_timeout_ms = 100;
  options.idle_timeout_ms = 300;
  TestExchange exchange(options);
  HttpClient slow(exchange.port());
  HttpClient idle(exchange.port());
  slow.write("GET /healthz HTTP/1.1\r\nHost:");
  EXPECT_TRUE(slow.is_closed_by_peer());
  EXPECT_TRUE(idle.is_closed_by_peer());
}

TEST(ServerProtocol, connections_of_one_address_are_capped) {
  ServerOptions options = test_options();
  options.connections_per_address_max = 2;
  TestExchange exchange(options);
  HttpClient first(exchange.port());
  EXPECT_EQ(first.send("GET", "/healthz").status, 200);
  {
    HttpClient second(exchange.port());
    EXPECT_EQ(second.send("GET", "/healthz").status, 200);
    HttpClient third(exchange.port());
    EXPECT_TRUE(third.is_closed_by_peer());
  }
  EXPECT_TRUE(eventually([&] {
    HttpClient again(exchange.port());
    return again.send("GET", "/healthz").status == 200;
  })) << "a closed connection makes room";
}

TEST(ServerProtocol, connections_in_all_are_capped) {
  ServerOptions options = test_options();
  options.connections_max = 1;
  TestExchange exchange(options);
  HttpClient first(exchange.port());
  EXPECT_EQ(first.send("GET", "/healthz").status, 200);
  HttpClient second(exchange.port());
  EXPECT_TRUE(second.is_closed_by_peer());
  EXPECT_NE(first.send("GET", "/metrics").body.find("perpetua_http_connections_refused_total 1"),
            std::string::npos);
}

TEST(ServerProtocol, several_io_threads_serve_at_once) {
  ServerOptions options = test_options();
  options.io_threads = 3;
  TestExchange exchange(options);
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 9; ++i) {
    clients.push_back(std::make_unique<HttpClient>(exchange.port()));
    register_agent(*clients.back(), "w" + std::to_string(i), "10");
  }
  exchange.hold();
  for (auto& client : clients) {
    client->write("POST /api/v1/thoughts HTTP/1.1\r\nX-API-Key: " + client->key +
                  "\r\nContent-Length: 12\r\n\r\n{\"text\":\"x\"}");
  }
  EXPECT_TRUE(eventually([&] { return exchange.held() == 9; }));
  exchange.release();
  for (auto& client : clients) EXPECT_EQ(client->read().status, 200);
}

TEST(ServerProtocol, stop_answers_what_is_in_flight_and_closes_the_rest) {
  TestExchange exchange;
  HttpClient busy(exchange.port());
  HttpClient idle(exchange.port());
  register_agent(busy, "w");
  EXPECT_EQ(idle.send("GET", "/healthz").status, 200);
  exchange.hold();
  busy.write("POST /api/v1/thoughts HTTP/1.1\r\nX-API-Key: " + busy.key +
             "\r\nContent-Length: 12\r\n\r\n{\"text\":\"x\"}");
  ASSERT_TRUE(eventually([&] { return exchange.held() == 1; }));
  std::thread stopper([&] { exchange.server().stop(); });
  EXPECT_TRUE(idle.is_closed_by_peer());
  exchange.release();
  const HttpReply reply = busy.read();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("connection"), "close");
  stopper.join();
  EXPECT_TRUE(busy.is_closed_by_peer());
  EXPECT_ANY_THROW(HttpClient(exchange.port()));
}

TEST(ServerProtocol, stop_does_not_wait_for_ever) {
  ServerOptions options = test_options();
  options.stop_timeout_ms = 50;
  TestExchange exchange(options);
  HttpClient client(exchange.port());
  register_agent(client, "w");
  exchange.hold();
  client.write("POST /api/v1/thoughts HTTP/1.1\r\nX-API-Key: " + client.key +
               "\r\nContent-Length: 12\r\n\r\n{\"text\":\"x\"}");
  ASSERT_TRUE(eventually([&] { return exchange.held() == 1; }));
  exchange.server().stop();
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST(ServerProtocol, an_exception_is_logged_and_answered) {
  TestExchange exchange;
  HttpClient client(exchange.port());
  register_agent(client, "w");
  exchange.break_submit();
  const HttpReply reply = client.send("POST", "/api/v1/thoughts", R"({"text":"x"})");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.code(), "internal_error");
  EXPECT_TRUE(reply.is_null("field"));
  EXPECT_EQ(reply.header("connection"), "close");
  EXPECT_TRUE(client.is_closed_by_peer());
  const std::vector<std::string> lines = exchange.failure_lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0], "request postThought failed: broken on purpose");
  HttpClient other(exchange.port());
  EXPECT_EQ(other.send("GET", "/healthz").status, 200);
  EXPECT_NE(other.send("GET", "/metrics").body.find("perpetua_gateway_failures_total 1"),
            std::string::npos);
}

TEST(ServerProtocol, an_exception_on_the_disk_thread_is_answered_too) {
  TestExchange exchange;
  HttpClient client(exchange.port());
  register_agent(client, "w");
  exchange.break_history();
  const HttpReply reply = client.send("GET", "/api/v1/fills");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.code(), "internal_error");
  ASSERT_EQ(exchange.failure_lines().size(), 1u);
  EXPECT_EQ(exchange.failure_lines()[0], "request listFills failed: broken on purpose");
}

TEST(FailureLog, a_flood_of_failures_is_a_few_lines) {
  std::vector<std::string> lines;
  FailureLog log([&](const std::string& line) { lines.push_back(line); });
  for (int i = 0; i < 100; ++i) log.write("request x", "y", 1'000'000'000);
  ASSERT_EQ(lines.size(), kFailureLinesPerSecond);
  EXPECT_EQ(lines[0], "request x failed: y");
  log.write("request x", "z", 2'000'000'000);
  ASSERT_EQ(lines.size(), kFailureLinesPerSecond + 1);
  EXPECT_EQ(lines.back(), "request x failed: z (and 95 more before)");
  EXPECT_EQ(log.failures(), 101u);
}

TEST(ServerProtocol, a_port_that_is_taken_is_an_error_that_names_it) {
  TestExchange exchange;
  ServerOptions options = test_options();
  options.port = exchange.port();
  try {
    TestExchange other(options);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find(std::to_string(options.port)), std::string::npos);
  }
}

}  // namespace
}  // namespace perpetua::gateway
