// Runs of `load agents` against a small exchange that keeps its promises, or breaks one of them.

#include <gtest/gtest.h>

#include <csignal>
#include <map>

#include "load/agents/agents_runner.hpp"
#include "load/agents/json_scan.hpp"
#include "load/api.hpp"
#include "load/load.hpp"
#include "load/stub_exchange.hpp"

namespace perpetua::load {
namespace {

class SmallExchange {
 public:
  struct Faults {
    bool drops_replies = false;       // of every tenth order, after it was done
    bool ignores_keys = false;        // and does a repeat again
    bool forgets_orders = false;      // every tenth
    bool is_overloaded_once = false;  // each order's first attempt
    bool skips_event = false;
    bool closes_sockets = false;  // once
  };

  explicit SmallExchange(Faults faults)
      : faults_(faults), stub_([](uint64_t) { return StubExchange::Answer{}; }) {
    stub_.handler = [this](const auto& request, auto& answer) { return handle(request, answer); };
    stub_.socket_handler = [this](const std::string& text) { return on_socket(text); };
  }

  StubExchange& stub() { return stub_; }

 private:
  struct Order {
    std::string client_id;
    uint64_t order_id = 0;
  };

  bool handle(const StubExchange::Request& request, std::optional<StubExchange::Answer>& answer) {
    const std::lock_guard lock(mutex_);
    const std::string target(request.target());
    const std::string key(request["X-API-Key"]);
    if (target == "/api/v1/solvency") {
      answer = {200, R"({"verdict":"ok"})"};
    } else if (target.starts_with("/api/v1/orders/history")) {
      answer = {200, history(key)};
    } else if (request.method() == boost::beast::http::verb::post && target == "/api/v1/orders") {
      place(key, request.body(), answer);
    } else if (target.starts_with("/api/v1/orders/")) {
      answer = {200, R"({"order_id":")" + target.substr(15) + R"(","status":"cancelled"})"};
    } else {
      return false;
    }
    return true;
  }

  void place(const std::string& key, const std::string& body,
             std::optional<StubExchange::Answer>& answer) {
    const std::string client_id(scan_field(body, R"("client_id":)"));
    const unsigned attempt = ++attempts_[client_id];
    if (faults_.is_overloaded_once && attempt == 1) {
      answer = {503, R"({"code":"overloaded"})"};
      return;
    }
    if (!ids_.contains(client_id) || faults_.ignores_keys) {
      orders_[key].push_back({client_id, ++last_order_});
      ids_[client_id] = last_order_;
    }
    const bool is_tenth = ids_[client_id] % 10 == 0;
    if (faults_.drops_replies && attempt == 1 && is_tenth) return;
    answer = {200,
              R"({"order_id":")" + std::to_string(ids_[client_id]) + R"(","status":"filled"})"};
  }

  std::string history(const std::string& key) {
    std::string out = R"({"items":[)";
    const auto& orders = orders_[key];
    for (auto order = orders.rbegin(); order != orders.rend(); ++order) {
      if (faults_.forgets_orders && order->order_id % 10 == 0) continue;
      out += out.back() == '[' ? "{" : ",{";
      out += R"("order_id":")" + std::to_string(order->order_id) + R"(","client_id":")" +
             order->client_id + R"(","status":"filled"})";
    }
    return out + R"(],"next_cursor":null})";
  }

  // Each subscription that does not resume is followed by three events, 1 to 3.
  std::optional<std::vector<std::string>> on_socket(const std::string& text) {
    const std::lock_guard lock(mutex_);
    const std::string id = std::to_string(scan_number(text, R"("id":)").value_or(0));
    const std::string_view op = scan_field(text, R"("op":)");
    if (op == "auth") return {{R"({"type":"authenticated","id":)" + id + "}"}};
    if (op == "unsubscribe") return {{R"({"type":"unsubscribed","id":)" + id + "}"}};
    const auto from = scan_number(text, R"("resume_from":)");
    if (!from && faults_.closes_sockets && ++closed_ == 1) return std::nullopt;
    const std::string start = std::to_string(from.value_or(0));
    std::vector<std::string> messages = {R"({"type":"subscribed","id":)" + id +
                                         R"(,"channel":"private","seq":)" + start +
                                         R"(,"last_seq":)" + start + "}"};
    for (int i = 1; i <= 3 && !from; ++i) {
      if (faults_.skips_event && i == 2) continue;
      messages.push_back(R"({"type":"account","event":"balance","seq":)" + std::to_string(i) +
                         R"(,"time":1764000000000})");
    }
    return messages;
  }

  const Faults faults_;
  std::mutex mutex_;
  std::map<std::string, std::vector<Order>> orders_;  // by agent's key
  std::map<std::string, unsigned> attempts_;
  std::map<std::string, uint64_t> ids_;
  uint64_t last_order_ = 0;
  int closed_ = 0;
  StubExchange stub_;
};

AgentsOptions small_run(SmallExchange& exchange) {
  AgentsOptions options;
  options.load.agents = 3;
  options.load.rate_per_s = 100;
  options.load.duration_s = 1;
  options.load.connections = 8;
  options.load.url = exchange.stub().url();
  options.retry_ms = 5'000;
  return options;
}

AgentsResult run(SmallExchange& exchange) {
  boost::asio::io_context io(1);
  AgentsRunner runner(io, exchange.stub().endpoint(), "127.0.0.1", small_run(exchange), "test");
  EXPECT_EQ(runner.run(), std::nullopt);
  const AgentsResult& result = runner.result();
  EXPECT_EQ(result.orders + result.cancels, 100u);
  EXPECT_EQ(result.in_time + result.late + result.failed, 100u);
  EXPECT_EQ(result.seconds.size(), 1u);
  EXPECT_EQ(result.seconds[0].due, 100u);
  return result;
}

TEST(AgentsRun, whole_run_against_an_exchange_that_keeps_its_promises) {
  SmallExchange exchange({});
  const AgentsResult result = run(exchange);
  EXPECT_EQ(result.ready, 3u);
  EXPECT_EQ(result.failed, 0u);
  EXPECT_EQ(result.retried, 0u);
  EXPECT_EQ(result.audit.acknowledged, result.orders);
  EXPECT_TRUE(result.audit.is_right());
  EXPECT_EQ(result.solvency, "ok");
  EXPECT_EQ(result.sockets.live, 3u);
  EXPECT_EQ(result.sockets.private_events, 9u);
  EXPECT_EQ(result.sockets.gaps + result.sockets.repeats + result.sockets.tail_lost, 0u);
}

TEST(AgentsRun, lost_replies_and_refusals_that_pass_are_repeated_and_count_as_one) {
  for (const bool is_overload : {false, true}) {
    SmallExchange::Faults faults;
    faults.drops_replies = !is_overload;
    faults.is_overloaded_once = is_overload;
    SmallExchange exchange(faults);
    const AgentsResult result = run(exchange);
    EXPECT_EQ(result.failed, 0u);
    EXPECT_GE(result.retried, is_overload ? result.orders : result.orders / 12);
    EXPECT_TRUE(result.audit.is_right());
  }
}

TEST(AgentsRun, orders_done_twice_are_found) {
  SmallExchange::Faults faults;
  faults.drops_replies = true;
  faults.ignores_keys = true;
  SmallExchange exchange(faults);
  const AgentsResult result = run(exchange);
  EXPECT_GE(result.audit.doubled, 5u);
  EXPECT_FALSE(result.is_right());
}

TEST(AgentsRun, lost_orders_are_found) {
  SmallExchange::Faults faults;
  faults.forgets_orders = true;
  SmallExchange exchange(faults);
  const AgentsResult result = run(exchange);
  EXPECT_EQ(result.audit.lost, result.orders / 10);
  EXPECT_FALSE(result.is_right());
}

TEST(AgentsRun, gaps_of_a_private_stream_are_found) {
  SmallExchange::Faults faults;
  faults.skips_event = true;
  SmallExchange exchange(faults);
  const AgentsResult result = run(exchange);
  EXPECT_EQ(result.sockets.gaps, 3u);
  EXPECT_FALSE(result.is_right());
}

TEST(AgentsRun, sockets_that_close_are_opened_again) {
  SmallExchange::Faults faults;
  faults.closes_sockets = true;
  SmallExchange exchange(faults);
  const AgentsResult result = run(exchange);
  EXPECT_EQ(result.sockets.live, 3u);
  EXPECT_EQ(result.sockets.failed_opens, 1u);
  EXPECT_EQ(result.sockets.gaps, 0u);
}

TEST(AgentsRun, signal_ends_the_measuring_and_the_audit_follows) {
  SmallExchange exchange({});
  AgentsOptions options = small_run(exchange);
  options.load.duration_s = 600;
  boost::asio::io_context io(1);
  AgentsRunner runner(io, exchange.stub().endpoint(), "127.0.0.1", options, "test");
  boost::asio::steady_timer timer(io);
  std::function<void()> watch = [&] {
    timer.expires_after(std::chrono::milliseconds(10));
    timer.async_wait([&](boost::system::error_code) {
      runner.result().orders > 50 ? void(std::raise(SIGTERM)) : watch();
    });
  };
  watch();
  EXPECT_EQ(runner.run(), std::nullopt);
  EXPECT_LT(runner.result().orders, 50'000u);
  EXPECT_LT(runner.result().seconds.size(), 600u);
  EXPECT_TRUE(runner.result().is_audited);
  EXPECT_TRUE(runner.result().is_right());
}

TEST(AgentsRun, agents_of_the_file_are_used_again_and_the_last_line_is_the_json) {
  SmallExchange exchange({});
  AgentsOptions options = small_run(exchange);
  options.agents_file = ::testing::TempDir() + "perpetua_agents_run_test";
  options.seconds_file = options.agents_file + ".csv";
  std::remove(options.agents_file.c_str());
  for (int i = 0; i < 2; ++i) {
    testing::internal::CaptureStdout();
    EXPECT_EQ(run_agents(options), 0);
    const std::string out = testing::internal::GetCapturedStdout();
    EXPECT_NE(out.find("\n{\"agents\":3,\"ready\":3,"), std::string::npos);
    EXPECT_NE(out.find("\"is_right\":true}\n"), std::string::npos);
  }
  EXPECT_EQ(exchange.stub().registered, 3u);
  std::remove(options.agents_file.c_str());
  std::remove(options.seconds_file.c_str());
}

}  // namespace
}  // namespace perpetua::load
