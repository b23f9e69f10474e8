#include "gateway/ws/mailbox.hpp"

#include <utility>

namespace perpetua::gateway::ws {

void Mailbox::post(std::span<const Delivery> deliveries) {
  if (deliveries.empty()) return;
  const std::lock_guard lock(mutex_);
  if (!wake_) return;  // nobody is connected through this thread
  if (inbox_.size() + deliveries.size() > kMailboxDeliveriesMax) {
    inbox_.clear();
    is_lost_ = true;
  } else {
    inbox_.insert(inbox_.end(), deliveries.begin(), deliveries.end());
  }
  if (is_woken_) return;
  is_woken_ = true;
  wake_();
}

bool Mailbox::take(std::vector<Delivery>& out) {
  out.clear();
  const std::lock_guard lock(mutex_);
  out.swap(inbox_);
  is_woken_ = false;
  return std::exchange(is_lost_, false);
}

void Mailbox::attach(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
  is_woken_ = false;
}

void Mailbox::detach() {
  const std::lock_guard lock(mutex_);
  wake_ = nullptr;
  inbox_.clear();
}

}  // namespace perpetua::gateway::ws
