// ReplyRouter: brings the outcome of every submitted command back to the io thread that sent it.
//
//   io thread --submit--> CommandPort ... egress thread --on_batch--> inbox --one wake-up--> drain
//
// One ReplyChannel per io thread. submit() and drain() are called by that io thread only; on_batch
// by the egress thread. The hand-over is one lock and at most one wake-up per channel and batch.
// Invariants: after SubmitResult::accepted the completion runs exactly once, on the io thread, with
// one reply per command (never inside submit), and there is no timeout here: the reply is the true
// result, or outcome_unknown if whoever passed the command on gave it up. After any other result it
// never runs. At most kPendingCallsMax calls wait per channel; more: overloaded.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "runtime/api/egress.hpp"
#include "runtime/api/submit.hpp"

namespace perpetua::gateway {

struct Reply {
  Outcome outcome;
  int64_t log_time_ms = 0;  // of the batch that decided it
  BatchNumber batch = 0;
};

class ReplyChannel {
 public:
  using Completion = std::function<void(std::span<const Reply>)>;
  static constexpr uint32_t kPendingCallsMax = 1u << 15;

  explicit ReplyChannel(uint32_t id) : id_(id) {}
  ReplyChannel(const ReplyChannel&) = delete;
  ReplyChannel& operator=(const ReplyChannel&) = delete;

  // Sets the targets of the submissions, submits them all or none.
  // REQUIRES: 1 <= submissions.size() <= limits::kOrdersPerRequestMax.
  [[nodiscard]] runtime::SubmitResult submit(runtime::CommandPort& port,
                                             std::span<runtime::Submission> submissions,
                                             Completion done);

  // Runs the completions of every reply that has arrived.
  void drain();

  uint32_t pending() const { return pending_; }

  // Forgets every call that waits, without running its completion. Only when the process ends with
  // requests unanswered; on the io thread, after detach().
  void abandon();

  // `wake` is called by the egress thread when the inbox turns non-empty; it must make the io
  // thread call drain(). After detach() it is never called again.
  void attach(std::function<void()> wake);
  void detach();

 private:
  friend class ReplyRouter;

  struct Delivery {
    uint64_t token = 0;
    Reply reply;
  };
  struct Call {
    uint64_t generation = 0;
    uint32_t left = 0;
    std::vector<Reply> replies;
    Completion done;
  };

  uint32_t take_call();
  void release_call(uint32_t slot);
  void resolve(const Delivery& delivery);
  void deliver(std::vector<Delivery>& deliveries);  // egress thread; empties the vector

  const uint32_t id_;
  std::vector<std::unique_ptr<Call>> calls_;  // stable addresses: a completion may submit again
  std::vector<uint32_t> free_calls_;
  uint32_t pending_ = 0;
  std::vector<Delivery> arrived_;  // io thread's side of the swap

  std::mutex mutex_;
  std::vector<Delivery> inbox_;
  bool wake_posted_ = false;
  std::function<void()> wake_;
};

class ReplyRouter final : public runtime::EgressListener {
 public:
  explicit ReplyRouter(unsigned channels);

  unsigned channels() const { return static_cast<unsigned>(channels_.size()); }
  ReplyChannel& channel(unsigned index) { return *channels_[index]; }

  void on_batch(const AppliedBatch& batch, std::span<const runtime::ReplyTarget> targets) override;

  // Answers commands that end without a batch: outcome_unknown, or the code of a refusal on the
  // way. Any thread. REQUIRES: none of them was or will be answered by a batch.
  void give_up(std::span<const runtime::ReplyTarget> targets,
               ResultCode code = ResultCode::outcome_unknown);

 private:
  std::vector<std::unique_ptr<ReplyChannel>> channels_;        // target.channel = index + 1
  std::vector<std::vector<ReplyChannel::Delivery>> outgoing_;  // egress thread only
};

}  // namespace perpetua::gateway
