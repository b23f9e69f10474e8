// Shared by the tests of the whole pipeline: a small exchange, a listener that remembers what left
// it, and a gate that holds the disk back.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "journal/memory_storage.hpp"
#include "runtime/runtime.hpp"

namespace perpetua::runtime::testing_support {

inline constexpr int64_t kStartMs = 1'700'000'000'000;
inline constexpr uint64_t kSmallSegmentBytes = 1u << 20;

// Polls; false if it is not so after half a minute.
inline bool becomes_true(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

inline Submission make_submission(const Command& command, std::string text = {},
                                  ReplyTarget target = {}) {
  Submission submission;
  submission.command = command;
  submission.text = std::move(text);
  submission.target = target;
  return submission;
}

inline Submission make_market(std::string_view symbol) {
  MarketSpec spec;
  std::copy(symbol.begin(), symbol.end(), spec.symbol.begin());
  spec.tick_size_e9 = 10'000'000;  // 0.01 USDC
  spec.lot_size_e9 = 100'000;      // 0.0001
  spec.value_per_tick_lot_micro = 1;
  spec.price_min = Price(1'000);
  spec.price_max = Price(1'000'000);
  spec.notional_min = Micro(1'000);
  spec.position_notional_max = Micro(1'000'000'000'000);
  spec.tier_count = 1;
  spec.tiers[0] = {0, 10, 0};
  return make_submission(Command(CommandType::create_market),
                         std::string(reinterpret_cast<const char*>(&spec), sizeof spec));
}

inline Submission make_price(MarketId market, int64_t price) {
  Command command(CommandType::update_price, 0, market);
  command.update_price.price = Price(price);
  command.update_price.source_time_ms = kStartMs + 1'000'000'000;
  return make_submission(command);
}

inline Submission make_agent(uint8_t number) {
  const std::string wallet = "wallet-" + std::to_string(number);
  Command command(CommandType::register_agent);
  command.register_agent.key_sha256[0] = number;
  command.register_agent.start_balance_micro = 1'000'000'000'000;
  command.register_agent.wallet_length = static_cast<uint16_t>(wallet.size());
  return make_submission(command, wallet);
}

// Configured, three markets with a price, eight funded agents.
inline constexpr uint32_t kAgents = 8;
inline constexpr uint32_t kMarkets = 3;
inline std::vector<Submission> make_genesis() {
  Command configure(CommandType::configure);
  configure.configure.hash_seed = 7;
  configure.configure.margin_use_max_ppm = 800'000;
  std::vector<Submission> genesis{make_submission(configure)};
  for (const char* symbol : {"BTC-PERP", "ETH-PERP", "SOL-PERP"}) {
    genesis.push_back(make_market(symbol));
  }
  for (MarketId market = 0; market < kMarkets; ++market) {
    genesis.push_back(make_price(market, 100'000));
  }
  for (uint8_t number = 1; number <= kAgents; ++number) genesis.push_back(make_agent(number));
  return genesis;
}

inline Command make_order(AgentId agent, MarketId market, Side side, int64_t price) {
  Command command(CommandType::place_order, agent, market);
  command.place.price = Price(price);
  command.place.lots = Lots(1);
  command.place.side = side;
  command.place.stp = SelfTradePrevention::cancel_oldest;
  return command;
}

// Order flow that trades: agents 1..4 buy, 5..8 sell, prices cross now and then.
inline Submission make_flow(uint32_t producer, uint64_t number) {
  const bool is_buy = number % 2 == 0;
  const AgentId agent = 1 + producer % 4 + (is_buy ? 0 : 4);
  const int64_t price = 100'000 + static_cast<int64_t>(number * 7 % 40) - 20;
  const MarketId market = static_cast<MarketId>((producer + number) % kMarkets);
  Command command = make_order(agent, market, is_buy ? Side::buy : Side::sell, price);
  if (number % 5 == 4) command.place.time_in_force = TimeInForce::ioc;
  return make_submission(command, number % 16 == 0 ? "a reason worth keeping" : "",
                         {producer, 0, number});
}

inline Submission make_cancel_all(AgentId agent) {
  return make_submission(Command(CommandType::cancel_all, agent));
}

// A listener that keeps, per channel, the tokens in the order in which their outcomes left.
class Recorder final : public EgressListener {
 public:
  void on_batch(const AppliedBatch& batch, std::span<const ReplyTarget> targets) override {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(targets.size(), batch.outcomes.size());
    EXPECT_TRUE(last_batch_ == 0 || batch.number == last_batch_ + 1);
    EXPECT_GE(batch.log_time_ms, last_log_time_ms_);
    EXPECT_TRUE(next_event_ == 0 || batch.first_event == next_event_);
    next_event_ = batch.first_event + batch.events.size();
    last_batch_ = batch.number;
    last_log_time_ms_ = batch.log_time_ms;
    for (const ReplyTarget& target : targets) tokens_[target.channel].push_back(target.token);
    replies_ += targets.size();
    events_.insert(events_.end(), batch.events.begin(), batch.events.end());
  }

  uint64_t replies() const { return locked(replies_); }
  BatchNumber last_batch() const { return locked(last_batch_); }
  int64_t last_log_time_ms() const { return locked(last_log_time_ms_); }
  std::vector<Event> events() const { return locked(events_); }
  std::vector<uint64_t> tokens(uint32_t channel) const {
    const std::lock_guard lock(mutex_);
    const auto found = tokens_.find(channel);
    return found == tokens_.end() ? std::vector<uint64_t>{} : found->second;
  }

 private:
  template <class T>
  T locked(const T& value) const {
    const std::lock_guard lock(mutex_);
    return value;
  }

  mutable std::mutex mutex_;
  std::map<uint32_t, std::vector<uint64_t>> tokens_;
  std::vector<Event> events_;
  uint64_t replies_ = 0;
  uint64_t next_event_ = 0;
  BatchNumber last_batch_ = 0;
  int64_t last_log_time_ms_ = 0;
};

// While closed, every sync of file data waits.
class SyncGate {
 public:
  journal::Faults faults() {
    journal::Faults faults;
    faults.on_sync = [this] { pass(); };
    return faults;
  }
  void close() { set(false); }
  void open() { set(true); }

 private:
  void set(bool is_open) {
    const std::lock_guard lock(mutex_);
    is_open_ = is_open;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_open_; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = true;
};

// One exchange over a storage that outlives it, so that a test can start the next one.
class RuntimeTest : public ::testing::Test {
 protected:
  RuntimeOptions make_options() {
    RuntimeOptions options;
    options.data_dir = "/exchange";
    options.snapshot_every_commands = 0;
    options.segment_bytes = kSmallSegmentBytes;
    options.genesis = make_genesis();
    options.clock = &clock_;
    options.storage = &storage_;
    return options;
  }

  std::unique_ptr<Runtime> make_running(RuntimeOptions options, EgressListener& listener) {
    auto runtime = std::make_unique<Runtime>(std::move(options));
    const journal::RecoveryResult recovered = runtime->recover(0, nullptr);
    EXPECT_TRUE(recovered.status.ok()) << recovered.status.message;
    runtime->add_listener(listener);
    runtime->start();
    return runtime;
  }

  // Until the ring has room.
  static void submit(Runtime& runtime, std::vector<Submission> submissions) {
    SubmitResult result = SubmitResult::overloaded;
    while (result == SubmitResult::overloaded) {
      result = runtime.submit(submissions);
      if (result == SubmitResult::overloaded) std::this_thread::yield();
    }
    EXPECT_EQ(result, SubmitResult::accepted);
  }

  static void submit_flow(Runtime& runtime, uint32_t producer, uint64_t first, uint64_t count) {
    for (uint64_t number = first; number < first + count; ++number) {
      submit(runtime, {make_flow(producer, number)});
    }
  }

  ManualClock clock_{kStartMs};
  journal::MemoryStorage storage_;
  SyncGate gate_;
};

}  // namespace perpetua::runtime::testing_support
