#include "listeners.hpp"

namespace perpetua::app {

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
}

}  // namespace perpetua::app
