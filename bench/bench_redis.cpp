// bench_redis [URL]: what the Redis client reaches, against its own redis-server or that of URL.
//
// Lines: SET commands of 100 bytes in requests of n commands, kOutstanding commands on their way,
// answers of the whole request timed; then one command at a time. CPU is the time of this process
// for each command: encoding, sending, reading, callback.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "stores/redis/client.hpp"
#include "stores/redis/test_server.hpp"

namespace {

using namespace perpetua::redis;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kOutstanding = 10'000;
constexpr std::size_t kKeys = 100'000;
constexpr auto kDuration = std::chrono::seconds(2);

int64_t cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

class Meter {
 public:
  // Waits until `commands` more may go out: sleeps from the bound down to half of it.
  void take(std::size_t commands) {
    std::unique_lock lock(mutex_);
    if (outstanding_ + commands > kOutstanding) wait_for(lock, kOutstanding / 2);
    outstanding_ += commands;
  }
  void drain() {
    std::unique_lock lock(mutex_);
    wait_for(lock, 0);
  }
  void add(Clock::time_point since, std::size_t commands, std::size_t errors) {
    const std::lock_guard lock(mutex_);
    outstanding_ -= commands;
    if (outstanding_ <= awaited_) is_low_.notify_one();
    times_.push_back(std::chrono::duration<double, std::micro>(Clock::now() - since).count());
    commands_ += commands;
    errors_ += errors;
  }
  void print(const std::string& name, double seconds, int64_t used_cpu_ns) {
    std::sort(times_.begin(), times_.end());
    const auto at = [this](double part) {
      return times_[static_cast<std::size_t>(part * static_cast<double>(times_.size() - 1))];
    };
    std::printf("%-28s %9.0f commands/s  p50 %7.0f us  p99 %7.0f us  CPU %5.0f ns  %zu errors\n",
                name.c_str(), static_cast<double>(commands_) / seconds, at(0.5), at(0.99),
                static_cast<double>(used_cpu_ns) / static_cast<double>(commands_), errors_);
  }

 private:
  void wait_for(std::unique_lock<std::mutex>& lock, std::size_t outstanding) {
    awaited_ = outstanding;
    is_low_.wait(lock, [this, outstanding] { return outstanding_ <= outstanding; });
  }

  std::mutex mutex_;
  std::condition_variable is_low_;
  std::size_t outstanding_ = 0;
  std::size_t awaited_ = 0;
  std::vector<double> times_;
  std::size_t commands_ = 0;
  std::size_t errors_ = 0;
};

Request make_request(std::size_t commands, std::size_t& number) {
  static const std::string value(100, 'x');
  Request request;
  for (std::size_t i = 0; i < commands; ++i) {
    const std::string key = "bench:" + std::to_string(number++ % kKeys);
    request.add(key, {"SET", key, value});
  }
  return request;
}

std::size_t errors_in(const std::vector<Reply>& replies) {
  return static_cast<std::size_t>(std::count_if(
      replies.begin(), replies.end(), [](const Reply& reply) { return reply.is_error(); }));
}

void pipelined(Client& client, std::size_t commands) {
  Meter meter;
  std::size_t number = 0;
  CallOptions options;
  options.timeout_ms = 10'000;
  const auto begun = Clock::now();
  const int64_t cpu_before_ns = cpu_ns();
  while (Clock::now() - begun < kDuration) {
    meter.take(commands);
    const auto since = Clock::now();
    client.submit(make_request(commands, number), options,
                  [&meter, since](std::vector<Reply>&& replies) {
                    meter.add(since, replies.size(), errors_in(replies));
                  });
  }
  meter.drain();
  const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  meter.print("requests of " + std::to_string(commands), seconds, cpu_ns() - cpu_before_ns);
}

void one_at_a_time(Client& client) {
  Meter meter;
  std::size_t number = 0;
  const auto begun = Clock::now();
  const int64_t cpu_before_ns = cpu_ns();
  while (Clock::now() - begun < kDuration) {
    const auto since = Clock::now();
    meter.take(1);
    const auto replies = client.call(make_request(1, number));
    meter.add(since, 1, errors_in(replies));
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  meter.print("one at a time", seconds, cpu_ns() - cpu_before_ns);
}

}  // namespace

int main(int count, char** arguments) {
  std::unique_ptr<TestServer> server;
  std::string url;
  if (count > 1) {
    url = arguments[1];
  } else {
    server = std::make_unique<TestServer>();
    url = server->url();
  }
  std::string error;
  const auto options = parse_url(url, error);
  if (!options) {
    std::fprintf(stderr, "%s\n", error.c_str());
    return 1;
  }
  Client client(*options);
  if (!client.start(error)) {
    std::fprintf(stderr, "%s\n", error.c_str());
    return 1;
  }
  for (const std::size_t commands : {1u, 10u, 100u, 1'000u}) pipelined(client, commands);
  one_at_a_time(client);
  return 0;
}
