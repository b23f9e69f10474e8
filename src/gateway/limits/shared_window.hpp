// SharedWindow: at most N requests of one agent in any second, of all processes together.
//
// Each process counts in a window of its own, exactly. With SharedBudgets a request also takes a
// token of the window that all share, leased some at a time (lease_table.hpp), fewer where little
// is left. All together give at most N a second, and an eighth of it more for each further process;
// what one has leased and not spent the others lack for a second. Without the far side each process
// counts by itself. Figures (use) are of this process.
// Thread-safety: any thread. Time is the monotonic clock, given by the caller.
#pragma once

#include <functional>
#include <memory>

#include "gateway/limits/lease_table.hpp"
#include "gateway/limits/sliding_window.hpp"

namespace perpetua::gateway {

class SharedWindow {
 public:
  // per_second 0: no limit, nothing is shared. shared null: this process alone.
  SharedWindow(BudgetKind kind, uint32_t per_second, SharedBudgets* shared);

  uint32_t per_second() const { return window_.per_second(); }
  WindowUse use(AgentId agent, int64_t now_ns) const { return window_.use(agent, now_ns); }

  // 0: taken. Else refused, and so many nanoseconds until one would be taken. Does not wait.
  [[nodiscard]] int64_t take(AgentId agent, int64_t now_ns);

  // True: ask() first, if the request may wait.
  bool must_ask(AgentId agent, int64_t now_ns);
  void ask(AgentId agent, int64_t now_ns, std::function<void()> done);

 private:
  const BudgetKind kind_;
  const BucketRate rate_;
  SlidingWindow window_;
  std::unique_ptr<LeaseTable> leases_;  // null: nothing is shared
};

}  // namespace perpetua::gateway
