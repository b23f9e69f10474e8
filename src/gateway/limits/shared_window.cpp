#include "gateway/limits/shared_window.hpp"

#include <algorithm>

namespace perpetua::gateway {

SharedWindow::SharedWindow(BudgetKind kind, uint32_t per_second, SharedBudgets* shared)
    : kind_(kind), rate_(window_rate(per_second)), window_(per_second) {
  if (shared != nullptr && rate_.is_limited()) leases_ = std::make_unique<LeaseTable>(*shared);
}

int64_t SharedWindow::take(AgentId agent, int64_t now_ns) {
  if (leases_ == nullptr) return window_.take(agent, now_ns);
  BucketState state;
  const auto answer = leases_->take(kind_, agent, rate_, now_ns, state);
  if (answer == LeaseTable::Answer::refused) {
    window_.count_violation(agent, now_ns);
    return std::max<int64_t>(state.retry_in_ns, 1);
  }
  const int64_t wait_ns = window_.take(agent, now_ns);
  if (answer == LeaseTable::Answer::allowed) return wait_ns;
  if (wait_ns == 0) leases_->borrow(kind_, agent);
  if (answer == LeaseTable::Answer::no_lease) leases_->ask(kind_, agent, rate_, now_ns, [] {});
  return wait_ns;
}

bool SharedWindow::must_ask(AgentId agent, int64_t now_ns) {
  return leases_ != nullptr && leases_->needs_lease(kind_, agent, rate_, now_ns);
}

void SharedWindow::ask(AgentId agent, int64_t now_ns, std::function<void()> done) {
  leases_->ask(kind_, agent, rate_, now_ns, std::move(done));
}

}  // namespace perpetua::gateway
