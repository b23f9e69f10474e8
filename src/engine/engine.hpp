// Engine: the exchange as a pure, deterministic state machine. Batches in; events and outcomes out.
//
// No clock, no I/O, no threads, no floating point, no exceptions, and no allocation in steady state
// (pools and event buffers grow, then keep their size). Time, ids and prices arrive in commands.
//
// A batch runs in rounds of reserve -> match -> settle (docs/rules.md section 2):
//   reserve  ledger, in command order: idempotency, agent, margin and fee reservation
//   match    each market its own operations, in order; markets share nothing, so an executor may
//            run them on several threads
//   settle   ledger, in market order: credits and debits of all markets
// A command whose reservation fails while an earlier one of the same agent in the same round could
// still free collateral waits for the next round, with all later commands of that agent.
//
// Thread-safety: one thread calls; the executor's threads only ever run match() of different
// markets and are joined before apply() goes on.
// Invariants: docs/rules.md, docs/money.md; the incremental ones are asserted by every apply(), the
// full scan by check_invariants(). A violated one aborts the process before the batch can leave.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/byte_io.hpp"
#include "engine/schema/batch.hpp"
#include "engine/schema/market_spec.hpp"

namespace perpetua {

// Runs task(i) for each i in [0, count), in any order, on any threads, and returns when all are
// done. `work` is the number of operations: an executor may run small ones inline.
class MatchExecutor {
 public:
  struct Task {
    void (*run)(void* context, uint32_t index) = nullptr;
    void* context = nullptr;
  };
  virtual ~MatchExecutor() = default;
  virtual void run_all(uint32_t count, uint32_t work, Task task) = 0;
  // True if run_all(count, work) runs the tasks one after the other, in order.
  virtual bool is_inline(uint32_t count, uint32_t work) const = 0;
};

// Runs everything on the calling thread.
class InlineExecutor final : public MatchExecutor {
 public:
  void run_all(uint32_t count, uint32_t /*work*/, Task task) override {
    for (uint32_t i = 0; i < count; ++i) task.run(task.context, i);
  }
  bool is_inline(uint32_t /*count*/, uint32_t /*work*/) const override { return true; }
};

class DescribeSink {
 public:
  virtual ~DescribeSink() = default;
  virtual void on_event(const Event& event, std::string_view text) = 0;
};

class Engine {
 public:
  Engine();
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // REQUIRES: batch.number == last_batch() + 1, batch.log_time_ms >= log_time_ms(),
  // at most limits::kBatchCommandsMax commands, text spans inside batch.text.
  void apply(const BatchInput& batch, MatchExecutor& executor, BatchOutput& output);

  BatchNumber last_batch() const;
  int64_t log_time_ms() const;
  uint64_t next_event_sequence() const;

  // How far the stream has been taken; zero = nothing yet. REQUIRES: stream < limits::kStreamsMax.
  StreamPosition stream_position(uint16_t stream) const;

  // Earliest log time at which an empty batch would change something (order expiry); INT64_MAX if
  // none. The sequencer then makes an empty batch.
  int64_t next_deadline_ms() const;

  // Hash over the full state: every account, every FIFO in order, every table.
  uint64_t state_hash() const;

  // The state as bytes; load() replaces the state of a fresh engine and returns false, leaving the
  // object unusable, if the bytes do not form one. save -> load -> save gives the same bytes.
  void save(ByteSink& sink) const;
  [[nodiscard]] bool load(ByteSource& source);

  // The current state as events (sequence 0), in this order: markets, prices, agents, keys,
  // account_changed (agent_sequence = the agent's last), account_described and risk limits,
  // settings_changed (non-default only), position_described (non-zero or with history),
  // order_accepted for every open order (rested = remaining, lots = total) in FIFO order, triggers,
  // switches, live signals and betting records. `text` is the text area of that one event.
  void describe(DescribeSink& sink) const;

  // Full scan; aborts on the first violated invariant.
  void check_invariants() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace perpetua
