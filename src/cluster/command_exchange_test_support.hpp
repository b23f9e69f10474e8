// An exchange whose commands come through Redis: the runtime over a storage in memory, the intake,
// and the gateway's replies; it can crash at any moment and come back from what was durable.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cluster/cluster_test_support.hpp"
#include "runtime/runtime_test_support.hpp"

namespace perpetua::cluster {

// Passes batches on until it is closed: what a process that died does not hear any more.
class Door final : public runtime::EgressListener {
 public:
  explicit Door(Replies& replies) : replies_(replies) {}

  void open_for(CommandIntake* intake) {
    const std::lock_guard lock(mutex_);
    intake_ = intake;
  }
  void close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  void on_batch(const AppliedBatch& batch, std::span<const runtime::ReplyTarget> targets) override {
    const std::lock_guard lock(mutex_);
    if (is_closed_) return;
    if (intake_ != nullptr) intake_->on_batch(batch, targets);
    replies_.hear({batch.number, batch.log_time_ms, batch.commands, batch.text}, batch.outcomes);
  }

 private:
  Replies& replies_;
  std::mutex mutex_;
  CommandIntake* intake_ = nullptr;
  bool is_closed_ = false;
};

// A gateway that finds in the journal what it has not heard.
class CatchUp final : public journal::ReplaySink {
 public:
  explicit CatchUp(Replies& replies) : replies_(replies) {}
  void on_batch(const AppliedBatch& batch) override {
    replies_.hear({batch.number, batch.log_time_ms, batch.commands, batch.text}, batch.outcomes);
  }

 private:
  Replies& replies_;
};

// What the journal says was executed.
class Executed final : public journal::ReplaySink {
 public:
  void on_batch(const AppliedBatch& batch) override {
    for (std::size_t i = 0; i < batch.commands.size(); ++i) {
      const Command& command = batch.commands[i];
      if (command.header.type == CommandType::consume_stream) {
        refused_markers += batch.outcomes[i].code != ResultCode::ok;
      }
      if (command.header.type != CommandType::post_thought) continue;
      const std::string text(
          batch.text.substr(command.header.text_offset, command.header.text_length));
      if (batch.outcomes[i].replayed != 0) {
        ++repeats;
      } else if (batch.outcomes[i].code == ResultCode::ok) {
        texts.push_back(text);
      } else {
        ++refused;
      }
    }
  }
  std::vector<std::string> texts;
  std::size_t repeats = 0;
  std::size_t refused = 0;
  std::size_t refused_markers = 0;
};

class ExchangeOverRedis {
 public:
  ExchangeOverRedis(redis::Client& client, Replies& replies)
      : client_(client), replies_(replies), storage_(std::make_unique<journal::MemoryStorage>()) {
    start();
  }
  ~ExchangeOverRedis() { stop(); }
  ExchangeOverRedis(const ExchangeOverRedis&) = delete;
  ExchangeOverRedis& operator=(const ExchangeOverRedis&) = delete;

  // What was not durable is gone; what was released before is durable.
  void crash(uint64_t seed) {
    door_->close();
    auto survived = storage_->after_power_cut(seed);
    stop();
    storage_ = std::move(survived);
    start();
  }
  // Ends it and reads the journal from its beginning.
  Executed finish() {
    stop();
    Executed executed;
    runtime::Runtime reader(options());
    EXPECT_TRUE(reader.recover(0, &executed).status.ok());
    return executed;
  }
  CommandIntakeCounters intake_counters() const { return intake_->counters(); }

 private:
  runtime::RuntimeOptions options() {
    runtime::RuntimeOptions options;
    options.data_dir = "/exchange";
    options.snapshot_every_commands = 0;
    options.segment_bytes = runtime::testing_support::kSmallSegmentBytes;
    options.genesis = runtime::testing_support::make_genesis();
    options.storage = storage_.get();
    return options;
  }
  void start() {
    runtime_ = std::make_unique<runtime::Runtime>(options());
    CatchUp catch_up(replies_);
    const journal::RecoveryResult recovered = runtime_->recover(0, &catch_up);
    ASSERT_TRUE(recovered.status.ok()) << recovered.status.message;
    intake_ = std::make_unique<CommandIntake>(
        client_, *runtime_, CommandIntakeOptions{intake_start(runtime_->engine()), {}});
    door_ = std::make_unique<Door>(replies_);
    door_->open_for(intake_.get());
    runtime_->add_listener(*door_);
    runtime_->start();
    intake_->start();
  }
  void stop() {
    if (runtime_ == nullptr) return;
    intake_->stop();
    runtime_->stop();
    runtime_.reset();
    door_.reset();
    intake_.reset();
  }

  redis::Client& client_;
  Replies& replies_;
  std::unique_ptr<journal::MemoryStorage> storage_;
  std::unique_ptr<runtime::Runtime> runtime_;
  std::unique_ptr<CommandIntake> intake_;
  std::unique_ptr<Door> door_;
};

// Keeps sending thoughts of eight agents, without waiting for answers, until it is ended.
class ThoughtLoad {
 public:
  ThoughtLoad(RemotePort& port, bool has_keys) : port_(port), has_keys_(has_keys) {
    thread_ = std::thread([this] { run(); });
  }
  ~ThoughtLoad() { end(); }
  ThoughtLoad(const ThoughtLoad&) = delete;
  ThoughtLoad& operator=(const ThoughtLoad&) = delete;

  uint64_t accepted() const { return accepted_; }
  void end() {
    is_over_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    uint64_t number = 0;
    while (!is_over_) {
      const AgentId agent = 1 + static_cast<AgentId>(number % 8);
      const auto market = static_cast<MarketId>(number / 8 % 3);
      const auto result =
          submit_thought(port_, accepted_, agent, market, thought_text(agent, number), has_keys_);
      if (result == runtime::SubmitResult::accepted) ++accepted_;
      ++number;
      if (number % 8 == 0) poll(nullptr, 0, 4);  // the load's pace
    }
  }

  RemotePort& port_;
  const bool has_keys_;
  std::atomic<uint64_t> accepted_{0};
  std::atomic<bool> is_over_{false};
  std::thread thread_;
};

}  // namespace perpetua::cluster
