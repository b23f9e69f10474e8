// The engine of the drill: commands collected into batches, each batch timed and audited.
//
// Thread-safety: none.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "crash_drill/auditor.hpp"

namespace perpetua::drill {

class Exchange {
 public:
  explicit Exchange(const MarketSpec& spec) : auditor(spec) {
    Command command(CommandType::create_market);
    add(command, {reinterpret_cast<const char*>(&spec), sizeof spec});
    run();
  }

  Engine engine;
  Auditor auditor;
  int64_t now_ms = 0;

  // Runs the batch first if it is full.
  void add(const Command& command, std::string_view text = {}) {
    if (commands_.size() == limits::kBatchCommandsMax) run();
    commands_.push_back(command);
    commands_.back().header.text_offset = static_cast<uint32_t>(text_.size());
    commands_.back().header.text_length = static_cast<uint16_t>(text.size());
    text_.append(text);
  }

  // Runs what was added as one batch; nothing was added: an empty one.
  const BatchOutput& run() {
    InlineExecutor executor;
    const BatchInput batch{engine.last_batch() + 1, now_ms, commands_, text_};
    const auto begin = std::chrono::steady_clock::now();
    engine.apply(batch, executor, output_);
    batch_time_ = std::chrono::steady_clock::now() - begin;
    total_time_ += batch_time_;
    auditor.on_batch(output_);
    commands_.clear();
    text_.clear();
    return output_;
  }

  // Of the last batch.
  std::chrono::nanoseconds batch_time() const { return batch_time_; }
  // In the engine, of all batches.
  std::chrono::nanoseconds total_time() const { return total_time_; }

 private:
  std::vector<Command> commands_;
  std::string text_;
  BatchOutput output_;
  std::chrono::nanoseconds batch_time_{}, total_time_{};
};

inline Command place(AgentId agent, Side side, Price price, Lots lots, uint16_t leverage) {
  Command command(CommandType::place_order, agent, 0);
  command.place = PlaceOrder{};
  command.place.side = side;
  command.place.price = price;
  command.place.lots = lots;
  command.place.leverage = leverage;
  return command;
}

// SplitMix64 (Steele et al.): the same stream on every machine.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  // Both ends included.
  int64_t between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(next() % static_cast<uint64_t>(high - low + 1));
  }

 private:
  uint64_t state_;
};

}  // namespace perpetua::drill
