#include "listeners.hpp"

namespace perpetua::app {

void HistoryListener::on_batch(const AppliedBatch& batch) {
  history_.apply_replayed(batch);
  note(batch.number);
}

void HistoryListener::on_batch(const AppliedBatch& batch, std::span<const runtime::ReplyTarget>) {
  history_.apply(batch);
  note(batch.number);
}

void HistoryListener::note(BatchNumber number) {
  if (number > handed_over_.load(std::memory_order_relaxed)) {
    handed_over_.store(number, std::memory_order_release);
  }
}

BatchNumber HistoryListener::shown_batch() const {
  const BatchNumber handed_over = handed_over_.load(std::memory_order_acquire);
  // A writer that has failed drops its queue, so the order of the two questions matters.
  const bool is_drained = history_.queued_bytes() == 0 && history_.missing_batches() == 0;
  return is_drained && !history_.failed() ? handed_over : history_.applied_batch();
}

bool FeedSink::send(const Command& command, std::string text, uint64_t token) {
  runtime::Submission submission{command, std::move(text), {kFeedChannel, 0, token}};
  return port_.submit({&submission, 1}) == runtime::SubmitResult::accepted;
}

void FeedListener::on_batch(const AppliedBatch& batch,
                            std::span<const runtime::ReplyTarget> targets) {
  feeds::FeedRunner* runner = runner_.load(std::memory_order_acquire);
  if (runner == nullptr) return;
  outcomes_.clear();
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (targets[i].channel == kFeedChannel) {
      outcomes_.push_back({targets[i].token, batch.outcomes[i]});
    }
  }
  runner->on_batch(batch.events, outcomes_);
  for (const Event& event : batch.events) {
    if (event.header.type != EventType::market_changed) continue;
    const MarketId market = event.header.market;
    if (const auto view = hot_.market(market)) runner->on_market_changed(market, view->spec);
  }
}

}  // namespace perpetua::app
