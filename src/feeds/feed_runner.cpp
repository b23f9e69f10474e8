#include "feeds/feed_runner.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace perpetua::feeds {

namespace {

constexpr uint64_t kPriceToken = 1;  // index 0: never a house agent's

}  // namespace

FeedRunner::FeedRunner(std::vector<PriceSource*> sources, LiquidityHouse* house, CommandSink& sink,
                       ClockMs clock)
    : sources_(std::move(sources)), house_(house), sink_(sink), clock_(std::move(clock)) {
  if (house_ != nullptr) house_agents_ = house_->agents();
}

FeedRunner::~FeedRunner() { stop(); }

void FeedRunner::start() {
  PERPETUA_ASSERT(!thread_.joinable());
  thread_ = std::thread([this] { run(); });
}

void FeedRunner::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void FeedRunner::run() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    lock.unlock();
    tick();
    lock.lock();
    wake_.wait_for(lock, std::chrono::milliseconds(kTickMs), [this] { return is_stopping_; });
  }
}

void FeedRunner::on_batch(std::span<const Event> events, std::span<const FeedOutcome> outcomes) {
  const std::lock_guard lock(mutex_);
  if (house_ != nullptr) {
    for (const Event& event : events) {
      if (!is_of_interest(event)) continue;
      if (inbox_events_.size() >= kInboxMax) {
        has_gap_ = true;
        break;
      }
      inbox_events_.push_back(event);
    }
  }
  inbox_outcomes_.insert(inbox_outcomes_.end(), outcomes.begin(), outcomes.end());
}

void FeedRunner::on_market_changed(MarketId market, const MarketSpec& spec) {
  if (house_ == nullptr) return;
  const std::lock_guard lock(mutex_);
  inbox_specs_.emplace_back(market, spec);
}

void FeedRunner::tick() {
  const int64_t now_ms = clock_();
  drain_inbox(now_ms);
  send_prices(now_ms);
  send_market_tick(now_ms);
  if (house_ == nullptr) return;
  house_->on_tick(now_ms, sink_);
}

void FeedRunner::drain_inbox(int64_t now_ms) {
  events_.clear();
  outcomes_.clear();
  specs_.clear();
  bool has_gap = false;
  {
    const std::lock_guard lock(mutex_);
    std::swap(events_, inbox_events_);
    std::swap(outcomes_, inbox_outcomes_);
    std::swap(specs_, inbox_specs_);
    std::swap(has_gap, has_gap_);
    counters_.gaps += has_gap ? 1 : 0;
    for (const FeedOutcome& item : outcomes_) {
      const bool is_rejected = item.outcome.code != ResultCode::ok;
      counters_.prices_rejected += item.token == kPriceToken && is_rejected ? 1 : 0;
    }
  }
  if (house_ == nullptr) return;
  for (const Event& event : events_) house_->on_event(event, now_ms);
  for (const FeedOutcome& item : outcomes_) house_->on_outcome(item.token, item.outcome, now_ms);
  if (has_gap) house_->on_gap();
  for (const auto& [market, spec] : specs_) house_->on_market_changed(market, spec);
  std::vector<AgentId> agents = house_->agents();
  const std::lock_guard lock(mutex_);
  house_agents_ = std::move(agents);
}

void FeedRunner::send_prices(int64_t now_ms) {
  quotes_.clear();
  for (PriceSource* source : sources_) source->poll(now_ms, quotes_);
  uint64_t sent = 0;
  for (const PriceQuote& quote : quotes_) {
    Command command(CommandType::update_price, 0, quote.market);
    command.update_price = UpdatePrice{};
    command.update_price.price = quote.price;
    command.update_price.source_time_ms = quote.source_time_ms;
    sent += sink_.send(command, {}, kPriceToken) ? 1 : 0;
  }
  const std::lock_guard lock(mutex_);
  counters_.prices_sent += sent;
  counters_.prices_refused += quotes_.size() - sent;
}

// Refused by an exchange at capacity: tried again with the next round.
void FeedRunner::send_market_tick(int64_t now_ms) {
  if (now_ms < next_market_tick_ms_) return;
  const Command command(CommandType::tick);
  if (sink_.send(command, {}, kPriceToken)) next_market_tick_ms_ = now_ms + kMarketTickMs;
}

bool FeedRunner::is_of_interest(const Event& event) const {
  const EventType type = event.header.type;
  if (type == EventType::price_updated || type == EventType::market_status) return true;
  return is_private(type) &&
         std::binary_search(house_agents_.begin(), house_agents_.end(), event.header.agent);
}

FeedCounters FeedRunner::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

}  // namespace perpetua::feeds
