#include "load/load.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "load/load_runner.hpp"
#include "load/stub_exchange.hpp"

namespace perpetua::load {
namespace {

StubExchange::Answer open_order(uint64_t number) {
  return {200, R"({"order_id":")" + std::to_string(number + 1) + R"(","status":"open"})"};
}

LoadOptions small_run(const StubExchange& exchange) {
  LoadOptions options;
  options.agents = 4;
  options.rate_per_s = 200;
  options.duration_s = 1;
  options.timeout_ms = 2'000;
  options.url = exchange.url();
  return options;
}

LoadResult run(const StubExchange& exchange, const LoadOptions& options) {
  boost::asio::io_context io(1);
  LoadRunner runner(io, exchange.endpoint(), "127.0.0.1", options, "test");
  EXPECT_EQ(runner.run(), std::nullopt);
  EXPECT_EQ(runner.result().sent,
            runner.result().ok + runner.result().rejected + runner.result().errors);
  return runner.result();
}

class LoadRun : public ::testing::TestWithParam<TransportKind> {};

TEST_P(LoadRun, every_order_of_the_schedule_is_sent_and_answered) {
  StubExchange exchange([](uint64_t number) { return open_order(number); });
  LoadOptions options = small_run(exchange);
  options.transport = GetParam();
  const LoadResult result = run(exchange, options);
  EXPECT_EQ(exchange.registered, 4u);
  EXPECT_EQ(result.connected, 4u);
  EXPECT_EQ(result.sent, 200u);
  EXPECT_EQ(result.ok, 200u);
  EXPECT_EQ(result.latency.count(), 200u);
}

TEST_P(LoadRun, coded_refusals_are_rejected_and_lost_replies_are_errors) {
  StubExchange exchange([](uint64_t number) -> std::optional<StubExchange::Answer> {
    if (number == 10) return std::nullopt;
    if (number % 4 == 1) return StubExchange::Answer{422, R"({"error":{"code":"would_cross"}})"};
    return open_order(number);
  });
  LoadOptions options = small_run(exchange);
  options.transport = GetParam();
  const LoadResult result = run(exchange, options);
  EXPECT_EQ(result.sent, 200u);
  EXPECT_GT(result.rejected, 30u);
  EXPECT_GE(result.errors, 1u);
  EXPECT_GT(result.ok, 90u);
}

TEST_P(LoadRun, closed_loop_sends_as_fast_as_replies_come) {
  StubExchange exchange([](uint64_t number) { return open_order(number); });
  LoadOptions options = small_run(exchange);
  options.transport = GetParam();
  options.rate_per_s = 0;
  const LoadResult result = run(exchange, options);
  EXPECT_GT(result.sent, 300u);
  EXPECT_EQ(result.ok, result.sent);
}

// An exchange that stops for half a second: the orders that were due meanwhile waited, and a
// generator that only looks at sent requests would show one slow reply instead of a hundred.
TEST_P(LoadRun, latency_counts_from_the_intended_time) {
  StubExchange exchange([](uint64_t number) {
    if (number == 20) {
      const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
      while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
    }
    return open_order(number);
  });
  LoadOptions options = small_run(exchange);
  options.transport = GetParam();
  options.agents = 1;
  const LoadResult result = run(exchange, options);
  EXPECT_EQ(result.ok, 200u);
  EXPECT_GT(result.latency.percentile_ns(750'000), 100'000'000);
}

INSTANTIATE_TEST_SUITE_P(Transports, LoadRun,
                         ::testing::Values(TransportKind::http, TransportKind::ws),
                         [](const auto& kind) {
                           return kind.param == TransportKind::ws ? "ws" : "http";
                         });

TEST(LoadRun, exchange_that_never_answers_ends_the_run_with_errors) {
  std::atomic<bool> is_over{false};
  StubExchange exchange([&is_over](uint64_t number) -> std::optional<StubExchange::Answer> {
    while (number >= 5 && !is_over) std::this_thread::yield();
    return open_order(number);
  });
  LoadOptions options = small_run(exchange);
  options.agents = 2;
  options.rate_per_s = 50;
  options.timeout_ms = 200;
  const LoadResult result = run(exchange, options);
  is_over = true;
  EXPECT_EQ(result.sent, 50u);
  EXPECT_GE(result.errors, 40u);
}

TEST(LoadRun, reply_that_is_lost_costs_one_error_and_the_rest_goes_on) {
  std::atomic<bool> is_over{false};
  StubExchange exchange([&is_over](uint64_t number) {
    while (number == 5 && !is_over) std::this_thread::yield();
    return open_order(number);
  });
  LoadOptions options = small_run(exchange);
  options.agents = 1;
  options.timeout_ms = 200;
  const LoadResult result = run(exchange, options);
  is_over = true;
  EXPECT_EQ(result.errors, 1u);
  EXPECT_EQ(result.ok, 199u);
}

TEST(LoadRun, batches_count_every_order) {
  StubExchange exchange([](uint64_t) {
    return StubExchange::Answer{200, R"({"results":[{"order_id":"1","status":"filled"},)"
                                     R"({"error":{"code":"would_cross"}}]})"};
  });
  LoadOptions options = small_run(exchange);
  options.batch = 2;
  const LoadResult result = run(exchange, options);
  EXPECT_EQ(result.sent, 200u);
  EXPECT_EQ(result.ok, 100u);
  EXPECT_EQ(result.rejected, 100u);
}

TEST(LoadRun, registrations_that_are_rate_limited_are_tried_again) {
  StubExchange exchange([](uint64_t number) { return open_order(number); });
  exchange.rate_limited = 3;
  EXPECT_EQ(run(exchange, small_run(exchange)).connected, 4u);
}

TEST(RunLoad, refuses_wrong_options_and_targets_that_are_not_this_machine) {
  LoadOptions options;
  options.agents = 0;
  EXPECT_EQ(run_load(options), 2);
  options.agents = 1;
  options.url = "http://192.0.2.1:8082";
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_load(options), 2);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("--allow-remote"), std::string::npos);
}

TEST(RunLoad, says_so_when_nobody_listens) {
  LoadOptions options;
  {
    StubExchange gone([](uint64_t number) { return open_order(number); });
    options.url = gone.url();
  }
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_load(options), 2);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("cannot read the markets"),
            std::string::npos);
}

TEST(RunLoad, last_line_of_output_is_the_json) {
  StubExchange exchange([](uint64_t number) { return open_order(number); });
  testing::internal::CaptureStdout();
  EXPECT_EQ(run_load(small_run(exchange)), 0);
  const std::string out = testing::internal::GetCapturedStdout();
  EXPECT_NE(out.find("\n{\"agents\":4,\"connected\":4,\"sent\":200,\"ok\":200,"),
            std::string::npos);
  EXPECT_EQ(out.back(), '\n');
}

}  // namespace
}  // namespace perpetua::load
