#include "stores/redis/batch.hpp"

#include <utility>

#include "base/assert.hpp"

namespace perpetua::redis {
namespace {

constexpr int64_t kPauseMinMs = 5;
constexpr int64_t kPauseMaxMs = 250;
constexpr auto kRelaxed = std::memory_order_relaxed;

void count(std::atomic<uint64_t>& counter) { counter.fetch_add(1, kRelaxed); }

}  // namespace

Batch::Batch(Counters& counters, Request request, const CallOptions& options, Callback callback,
             int64_t deadline)
    : deadline_ns(deadline),
      counters_(counters),
      request_(std::move(request)),
      options_(options),
      callback_(std::move(callback)),
      backoff_(kPauseMinMs, kPauseMaxMs),
      replies_(request_.size()),
      states_(request_.size(), State::waiting),
      waiting_(request_.size()) {}

Batch::~Batch() { leave(); }

void Batch::leave() {
  if (std::exchange(has_left_, true)) return;
  counters_.pending_commands.fetch_sub(request_.size(), kRelaxed);
  counters_.pending_bytes.fetch_sub(request_.bytes(), kRelaxed);
}

std::size_t Batch::begin_round() {
  PERPETUA_ASSERT(open_ == 0 && waiting_ > 0);
  open_ = waiting_ + 1;
  ++rounds_;
  needs_pause_ = false;
  retry_at_ns = 0;
  return waiting_;
}

void Batch::end_one() {
  if (--open_ == 0 && !is_finished_) owner_->round_ended(*this);
}

const Batch::Detour* Batch::detour(uint32_t command) const {
  if (detours_.empty()) return nullptr;
  const auto found = detours_.find(command);
  return found == detours_.end() ? nullptr : &found->second;
}

void Batch::append_wire(uint32_t command, std::string& out) {
  states_[command] = State::sent;
  --waiting_;
  count(counters_.commands);
  if (!as_eval_.empty() && as_eval_[command]) {
    out += request_.wire_as_eval(command);
  } else {
    out += request_.wire(command);
  }
}

void Batch::on_reply(uint32_t command, const Endpoint& from, Reply&& reply) {
  count(counters_.replies);
  if (is_finished_) {
    count(counters_.late_replies);
    return;
  }
  if (!reply.is_error() || !is_tried_again(command, from, reply)) {
    states_[command] = State::answered;
    replies_[command] = std::move(reply);
  }
  end_one();
}

// Every error named here says that the command was not executed.
bool Batch::is_tried_again(uint32_t command, const Endpoint& from, const Reply& error) {
  const Verdict verdict = verdict_of(error.text);
  const bool is_redirect = verdict == Verdict::moved || verdict == Verdict::ask;
  if (verdict == Verdict::final || (is_redirect && !follows_redirects)) return false;
  if (verdict == Verdict::no_script) {
    if (!request_.is_script(command) || (!as_eval_.empty() && as_eval_[command])) return false;
    as_eval_.resize(request_.size());
    as_eval_[command] = true;
    count(counters_.scripts_sent);
  } else if (is_redirect) {
    auto redirect = parse_redirect(error.text);
    if (redirect) {
      if (redirect->target.host.empty()) redirect->target.host = from.host;
      detours_[command] = {redirect->target, verdict == Verdict::ask};
    } else {
      needs_pause_ = true;
    }
    count(verdict == Verdict::ask ? counters_.ask : counters_.moved);
    if (verdict == Verdict::moved) owner_->slots_moved(redirect ? &*redirect : nullptr);
  } else {
    needs_pause_ = true;
    detours_.erase(command);
    const bool is_down = verdict == Verdict::cluster_down;
    count(is_down ? counters_.cluster_down : counters_.try_again);
    if (is_down || error.text.rfind("READONLY", 0) == 0) owner_->slots_moved(nullptr);
  }
  states_[command] = State::waiting;
  ++waiting_;
  last_error_ = error.text;
  return true;
}

void Batch::on_lost(uint32_t command, std::string_view why) {
  if (is_finished_) return;
  if (options_.is_idempotent) {
    ++waiting_;
    wait_again(command, why);
  } else {
    states_[command] = State::answered;
    replies_[command] = Reply::failed(Failure::unknown, std::string(why));
  }
  end_one();
}

void Batch::on_not_sent(uint32_t command, std::string_view why) {
  if (is_finished_) return;
  if (states_[command] == State::sent) ++waiting_;
  wait_again(command, why);
  end_one();
}

void Batch::wait_again(uint32_t command, std::string_view why) {
  states_[command] = State::waiting;
  detours_.erase(command);
  needs_pause_ = true;
  last_error_ = why;
}

void Batch::finish(Failure of_waiting) {
  PERPETUA_ASSERT(!is_finished_);
  is_finished_ = true;
  for (std::size_t command = 0; command < states_.size(); ++command) {
    if (states_[command] == State::sent) {
      replies_[command] = Reply::failed(Failure::unknown, "no reply before the deadline");
    } else if (states_[command] == State::waiting) {
      replies_[command] = Reply::failed(
          of_waiting, last_error_.empty() ? "not sent before the deadline" : last_error_);
    }
    if (replies_[command].is_error()) count_failure(replies_[command]);
  }
  if (open_ == 0) leave();  // the callback may submit as much again
  const Callback callback = std::exchange(callback_, nullptr);
  callback(std::move(replies_));
}

void Batch::count_failure(const Reply& reply) {
  switch (reply.failure) {
    case Failure::none:
      return count(counters_.error_replies);
    case Failure::overloaded:
      return count(counters_.overloaded);
    case Failure::unavailable:
      return count(counters_.unavailable);
    case Failure::unknown:
      return count(counters_.unknown);
    case Failure::stopped:
      return count(counters_.stopped);
  }
}

}  // namespace perpetua::redis
