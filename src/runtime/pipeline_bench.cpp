// pipeline_bench FOLDER: what ring, sequencer, engine, journal and egress carry together, on a real
// disk. FOLDER is created and must be new.
//
//   bulk   commands per second, requests of 100 orders, as many as the ring takes
//   idle   microseconds from submit to listener, one order at a time, and those of a bare
//          fdatasync of 4 KiB
//
// One line of figures each. Every second order trades with the one before.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include "runtime/runtime.hpp"
#include "runtime/sample_flow.hpp"

namespace perpetua::runtime {
namespace {

using namespace testing_support;
using SteadyClock = std::chrono::steady_clock;

constexpr uint64_t kBulkCommands = 3'000'000;
constexpr int kIdleCommands = 2'000;
constexpr std::chrono::microseconds kIdleGap{500};

struct ReplyCount final : EgressListener {
  void on_batch(const AppliedBatch& batch, std::span<const ReplyTarget> targets) override {
    for (const Outcome& outcome : batch.outcomes) rejected += outcome.code != ResultCode::ok;
    replies.fetch_add(targets.size());
    replies.notify_all();
  }
  std::atomic<uint64_t> replies{0};
  uint64_t rejected = 0;  // of the egress thread; read after stop
};

Submission make_trade_half(uint64_t number) {
  const Side side = number % 2 == 0 ? Side::buy : Side::sell;
  const AgentId agent = static_cast<AgentId>(1 + number % kAgents);
  const MarketId market = static_cast<MarketId>(number / 2 % kMarkets);
  return make_submission(make_order(agent, market, side, 100'000));
}

void wait_for_replies(ReplyCount& count, uint64_t wanted) {
  for (uint64_t seen = count.replies.load(); seen < wanted; seen = count.replies.load()) {
    count.replies.wait(seen);
  }
}

uint64_t run_bulk(Runtime& runtime, ReplyCount& count) {
  const auto start = SteadyClock::now();
  std::vector<Submission> request(limits::kOrdersPerRequestMax);
  uint64_t sent = 0;
  while (sent < kBulkCommands) {
    for (Submission& submission : request) submission = make_trade_half(sent++);
    while (runtime.submit(request) != SubmitResult::accepted) std::this_thread::yield();
  }
  wait_for_replies(count, sent);
  const std::chrono::duration<double> took = SteadyClock::now() - start;
  const RuntimeMetrics metrics = runtime.metrics();
  std::printf(
      "bulk  %.0f commands/s, %.0f commands/batch, %.1f batches/commit, commit %.0f us\n",
      static_cast<double>(sent) / took.count(),
      static_cast<double>(metrics.commands) / static_cast<double>(metrics.batches),
      static_cast<double>(metrics.batches) / static_cast<double>(metrics.commit_us.count),
      static_cast<double>(metrics.commit_us.sum) / static_cast<double>(metrics.commit_us.count));
  return sent;
}

void print_percentiles(const char* name, std::vector<int64_t>& times_us) {
  std::sort(times_us.begin(), times_us.end());
  const auto at = [&](double part) {
    return times_us[static_cast<std::size_t>(part * static_cast<double>(times_us.size() - 1))];
  };
  std::printf("%s p50 %ld us, p90 %ld us, p99 %ld us\n", name, at(0.5), at(0.9), at(0.99));
}

int64_t elapsed_us(SteadyClock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - start).count();
}

// Alternates with bare syncs of an allocated file, because a shared disk changes by the minute.
bool run_idle(Runtime& runtime, ReplyCount& count, uint64_t sent, const std::string& folder) {
  const int file = open((folder + "/bare_sync").c_str(), O_RDWR | O_CREAT, 0600);
  if (file < 0) return false;
  std::vector<char> block(1 << 20, 'x');
  if (pwrite(file, block.data(), block.size(), 0) < 0 || fsync(file) != 0) return false;
  std::vector<int64_t> orders_us;
  std::vector<int64_t> syncs_us;
  for (int i = 0; i < kIdleCommands; ++i) {
    std::this_thread::sleep_for(kIdleGap);
    std::vector<Submission> one{make_trade_half(sent)};
    auto start = SteadyClock::now();
    if (runtime.submit(one) != SubmitResult::accepted) return false;
    wait_for_replies(count, ++sent);
    orders_us.push_back(elapsed_us(start));
    std::this_thread::sleep_for(kIdleGap);
    start = SteadyClock::now();
    if (pwrite(file, block.data(), 4096, i % 256 * 4096) < 0 || fdatasync(file) != 0) return false;
    syncs_us.push_back(elapsed_us(start));
  }
  close(file);
  print_percentiles("idle  order    ", orders_us);
  print_percentiles("idle  fdatasync", syncs_us);
  return true;
}

int run(const std::string& folder) {
  RuntimeOptions options;
  options.data_dir = folder;
  options.genesis = make_genesis();
  Runtime runtime(options);
  const journal::RecoveryResult recovered = runtime.recover(0, nullptr);
  if (!recovered.status.ok()) {
    std::fprintf(stderr, "%s\n", recovered.status.message.c_str());
    return 1;
  }
  ReplyCount count;
  runtime.add_listener(count);
  runtime.start();
  const uint64_t sent = run_bulk(runtime, count);
  const bool has_measured = run_idle(runtime, count, sent, folder);
  const bool has_stopped = runtime.stop();
  std::printf("fork  %lu us for the newest of %lu snapshots\n", runtime.metrics().snapshot_fork_us,
              runtime.metrics().snapshots);
  std::printf("rejected by the engine: %lu\n", count.rejected);
  return has_measured && has_stopped ? 0 : 1;
}

}  // namespace
}  // namespace perpetua::runtime

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: pipeline_bench FOLDER\n");
    return 2;
  }
  return perpetua::runtime::run(argv[1]);
}
