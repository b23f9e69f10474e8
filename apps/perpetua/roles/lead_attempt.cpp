#include "roles/lead_attempt.hpp"

#include <stdexcept>

namespace perpetua::app {
namespace {

constexpr std::chrono::milliseconds kDelayStep{50};

}  // namespace

LeadAttempt::LeadAttempt(journal::postgres::TableOptions options, std::chrono::milliseconds delay,
                         std::function<void()> on_end)
    : table_(std::make_unique<journal::postgres::TableJournal>(std::move(options))) {
  thread_ = std::thread([this, delay, on_end = std::move(on_end)] {
    const auto begin = std::chrono::steady_clock::now() + delay;
    while (std::chrono::steady_clock::now() < begin && !is_stopping_) {
      std::this_thread::sleep_for(kDelayStep);
    }
    led_ = table_->lead([this] { return is_stopping_.load(); });
    ended_at_ = std::chrono::steady_clock::now();
    has_ended_ = true;
    on_end();
  });
}

LeadAttempt::~LeadAttempt() {
  is_stopping_ = true;
  thread_.join();
}

std::unique_ptr<journal::postgres::TableJournal> LeadAttempt::take() {
  if (!led_.ok()) throw std::runtime_error(led_.message);
  return std::move(table_);
}

}  // namespace perpetua::app
