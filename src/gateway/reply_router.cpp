#include "gateway/reply_router.hpp"

#include "base/assert.hpp"
#include "base/limits.hpp"

namespace perpetua::gateway {
namespace {

// token:  generation << 24 | slot (16 bits) << 8 | index in the request (8 bits)
constexpr uint64_t make_token(uint64_t generation, uint32_t slot) {
  return generation << 24 | static_cast<uint64_t>(slot) << 8;
}
constexpr uint32_t token_index(uint64_t token) { return token & 0xFF; }
constexpr uint32_t token_slot(uint64_t token) { return token >> 8 & 0xFFFF; }
constexpr uint64_t token_generation(uint64_t token) { return token >> 24; }

static_assert(limits::kOrdersPerRequestMax <= 256);
static_assert(ReplyChannel::kPendingCallsMax <= 1u << 16);

}  // namespace

runtime::SubmitResult ReplyChannel::submit(runtime::CommandPort& port,
                                           std::span<runtime::Submission> submissions,
                                           Completion done) {
  PERPETUA_ASSERT(!submissions.empty() && submissions.size() <= limits::kOrdersPerRequestMax);
  if (pending_ == kPendingCallsMax) return runtime::SubmitResult::overloaded;
  const uint32_t slot = take_call();
  Call& call = *calls_[slot];
  call.left = static_cast<uint32_t>(submissions.size());
  call.replies.resize(submissions.size());
  call.done = std::move(done);
  uint64_t token = make_token(call.generation, slot);
  for (runtime::Submission& submission : submissions) {
    submission.target = {id_, 0, token++};
  }
  const runtime::SubmitResult result = port.submit(submissions);
  if (result != runtime::SubmitResult::accepted) release_call(slot);
  return result;
}

uint32_t ReplyChannel::take_call() {
  if (free_calls_.empty()) {
    calls_.push_back(std::make_unique<Call>());
    free_calls_.push_back(static_cast<uint32_t>(calls_.size() - 1));
  }
  const uint32_t slot = free_calls_.back();
  free_calls_.pop_back();
  ++pending_;
  return slot;
}

void ReplyChannel::release_call(uint32_t slot) {
  Call& call = *calls_[slot];
  ++call.generation;
  call.done = nullptr;
  free_calls_.push_back(slot);
  --pending_;
}

void ReplyChannel::abandon() {
  for (const std::unique_ptr<Call>& call : calls_) {
    ++call->generation;
    call->done = nullptr;
  }
}

void ReplyChannel::drain() {
  {
    const std::lock_guard lock(mutex_);
    arrived_.swap(inbox_);
    wake_posted_ = false;
  }
  for (const Delivery& delivery : arrived_) resolve(delivery);
  arrived_.clear();
}

void ReplyChannel::resolve(const Delivery& delivery) {
  const uint32_t slot = token_slot(delivery.token);
  PERPETUA_ASSERT(slot < calls_.size());
  Call& call = *calls_[slot];
  // A second answer to one command would be somebody else's reply by now.
  PERPETUA_ASSERT(call.generation == token_generation(delivery.token) && call.left > 0);
  call.replies[token_index(delivery.token)] = delivery.reply;
  if (--call.left > 0) return;
  // The slot is released last: the completion reads the replies and may submit again.
  const Completion done = std::move(call.done);
  done(call.replies);
  release_call(slot);
}

void ReplyChannel::deliver(std::vector<Delivery>& deliveries) {
  const std::lock_guard lock(mutex_);
  inbox_.insert(inbox_.end(), deliveries.begin(), deliveries.end());
  deliveries.clear();
  if (wake_posted_ || !wake_) return;
  wake_posted_ = true;
  wake_();
}

void ReplyChannel::attach(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
  wake_posted_ = false;
}

void ReplyChannel::detach() {
  const std::lock_guard lock(mutex_);
  wake_ = nullptr;
}

ReplyRouter::ReplyRouter(unsigned channels) : outgoing_(channels) {
  for (unsigned i = 0; i < channels; ++i) {
    channels_.push_back(std::make_unique<ReplyChannel>(i + 1));
  }
}

void ReplyRouter::on_batch(const AppliedBatch& batch,
                           std::span<const runtime::ReplyTarget> targets) {
  PERPETUA_ASSERT(targets.size() == batch.outcomes.size());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const runtime::ReplyTarget& target = targets[i];
    // 0: nobody waits; beyond ours: another listener's.
    if (target.channel == 0 || target.channel > channels_.size()) continue;
    outgoing_[target.channel - 1].push_back(
        {target.token, {batch.outcomes[i], batch.log_time_ms, batch.number}});
  }
  for (std::size_t i = 0; i < outgoing_.size(); ++i) {
    if (!outgoing_[i].empty()) channels_[i]->deliver(outgoing_[i]);
  }
}

void ReplyRouter::give_up(std::span<const runtime::ReplyTarget> targets, ResultCode code) {
  Reply reply;
  reply.outcome.code = code;
  std::vector<ReplyChannel::Delivery> ended;
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    for (const runtime::ReplyTarget& target : targets) {
      if (target.channel == i + 1) ended.push_back({target.token, reply});
    }
    if (!ended.empty()) channels_[i]->deliver(ended);
  }
}

}  // namespace perpetua::gateway
