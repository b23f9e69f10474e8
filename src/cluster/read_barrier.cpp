#include "cluster/read_barrier.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "cluster/batch_logs.hpp"
#include "cluster/streams.hpp"
#include "stores/redis/client.hpp"

namespace perpetua::cluster {
namespace {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using Done = ReadBarrier::Done;

void run_all(std::vector<Done>& all) {
  for (Done& done : all) done();
}

}  // namespace

// All under one mutex; nobody's `done` runs under it.
struct ReadBarrier::Impl : std::enable_shared_from_this<Impl> {
  struct Waiter {
    Done done;
    Time deadline;
    BatchNumber batch = 0;  // known once its question is answered
  };
  using Waiters = std::list<Waiter>;  // oldest first, so by deadline

  // What is in flight: one GET for each tag.
  struct Question {
    uint64_t number = 0;
    unsigned unanswered = 0;  // tags that are waited for
    BatchNumber newest = 0;
  };

  Impl(redis::Client& redis_client, std::function<BatchNumber()> last, ReadBarrierOptions given)
      : client(redis_client), last_batch(std::move(last)), options(given) {}

  void wait(Done done);
  void ask(std::vector<Done>& ready);
  void ask_tag(unsigned tag, uint64_t number);
  void answered(unsigned tag, uint64_t number, bool was_awaited, const redis::Reply& reply);
  void end_question(std::vector<Done>& ready);
  void advanced(BatchNumber last);
  void run();
  static void take(Waiters& from, Waiters::iterator& waiter, std::vector<Done>& ready) {
    ready.push_back(std::move(waiter->done));
    waiter = from.erase(waiter);
  }
  std::size_t waiting() const { return newcomers.size() + asking.size() + lagging.size(); }

  redis::Client& client;
  const std::function<BatchNumber()> last_batch;
  const ReadBarrierOptions options;

  std::mutex mutex;
  std::condition_variable changed;
  Waiters newcomers;  // wait for the next question
  Waiters asking;     // for the one in flight
  Waiters lagging;    // for the follower
  Question question;
  std::array<bool, kBatchTags> is_away{};
  ReadBarrierStatus status;
  bool is_open = false;
  bool is_timer_idle = false;
  std::thread timer;
};

void ReadBarrier::Impl::wait(Done done) {
  std::vector<Done> ready;
  {
    const std::lock_guard lock(mutex);
    ++status.waits;
    if (!is_open || waiting() >= options.waiters_max) {
      ++status.unasked;
      ready.push_back(std::move(done));
    } else {
      const Time deadline = Clock::now() + std::chrono::milliseconds(options.wait_ms);
      newcomers.push_back({std::move(done), deadline, 0});
      if (asking.empty()) ask(ready);
      if (is_timer_idle) changed.notify_one();
    }
  }
  run_all(ready);
}

// One question for all newcomers.
void ReadBarrier::Impl::ask(std::vector<Done>& ready) {
  if (newcomers.empty()) return;
  asking.splice(asking.end(), newcomers);
  ++status.questions;
  question = {question.number + 1, 0, 0};
  for (unsigned tag = 0; tag < kBatchTags; ++tag) ask_tag(tag, question.number);
  if (question.unanswered != 0) return;
  status.unasked += asking.size();
  end_question(ready);
}

void ReadBarrier::Impl::ask_tag(unsigned tag, uint64_t number) {
  redis::CallOptions call;
  call.timeout_ms = options.wait_ms;
  call.is_idempotent = true;
  const bool is_awaited = !is_away[tag];
  const std::string key = batch_last_key(tag);
  const redis::Submit submitted = client.submit(
      redis::Request(key, {"GET", key}), call,
      [self = shared_from_this(), tag, number, is_awaited](std::vector<redis::Reply>&& replies) {
        self->answered(tag, number, is_awaited, replies.front());
      });
  if (submitted == redis::Submit::accepted && is_awaited) ++question.unanswered;
}

void ReadBarrier::Impl::answered(unsigned tag, uint64_t number, bool was_awaited,
                                 const redis::Reply& reply) {
  std::vector<Done> ready;
  {
    const std::lock_guard lock(mutex);
    is_away[tag] = reply.is_error();
    if (number == question.number) {
      if (!reply.is_error()) {
        question.newest = std::max(question.newest, batch_number_of(reply.text));
      }
      if (was_awaited && --question.unanswered == 0) {
        end_question(ready);
        ask(ready);
      }
    }
  }
  run_all(ready);
}

// Whoever asked now knows what to wait for.
void ReadBarrier::Impl::end_question(std::vector<Done>& ready) {
  const BatchNumber newest = question.newest;
  const bool is_there = last_batch() >= newest;
  for (auto waiter = asking.begin(); waiter != asking.end();) {
    if (is_there) {
      take(asking, waiter, ready);
    } else {
      (waiter++)->batch = newest;
    }
  }
  lagging.splice(lagging.end(), asking);
}

void ReadBarrier::Impl::advanced(BatchNumber last) {
  std::vector<Done> ready;
  {
    const std::lock_guard lock(mutex);
    for (auto waiter = lagging.begin(); waiter != lagging.end();) {
      if (waiter->batch <= last) {
        take(lagging, waiter, ready);
      } else {
        ++waiter;
      }
    }
  }
  run_all(ready);
}

// Ends what has waited too long. Every waiter has the same time, so the oldest of each list is the
// first to go, and waking for the oldest of all is enough.
void ReadBarrier::Impl::run() {
  std::unique_lock lock(mutex);
  while (is_open) {
    if (waiting() == 0) {
      is_timer_idle = true;
      changed.wait(lock, [this] { return !is_open || waiting() != 0; });
      is_timer_idle = false;
      continue;
    }
    Time oldest = Time::max();
    for (const Waiters* list : {&newcomers, &asking, &lagging}) {
      if (!list->empty()) oldest = std::min(oldest, list->front().deadline);
    }
    changed.wait_until(lock, oldest, [this] { return !is_open; });
    std::vector<Done> ready;
    const Time now = Clock::now();
    for (Waiters* list : {&newcomers, &asking, &lagging}) {
      for (auto waiter = list->begin(); waiter != list->end() && waiter->deadline <= now;) {
        take(*list, waiter, ready);
      }
    }
    status.late += ready.size();
    lock.unlock();
    run_all(ready);
    lock.lock();
  }
}

ReadBarrier::ReadBarrier(redis::Client& client, std::function<BatchNumber()> last_batch,
                         ReadBarrierOptions options)
    : impl_(std::make_shared<Impl>(client, std::move(last_batch), options)) {}

ReadBarrier::~ReadBarrier() { stop(); }

void ReadBarrier::start() {
  const std::lock_guard lock(impl_->mutex);
  PERPETUA_ASSERT(!impl_->is_open);
  impl_->is_open = true;
  impl_->timer = std::thread([impl = impl_.get()] { impl->run(); });
}

void ReadBarrier::stop() {
  std::vector<Done> ready;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->is_open = false;
    for (Impl::Waiters* list : {&impl_->newcomers, &impl_->asking, &impl_->lagging}) {
      for (auto waiter = list->begin(); waiter != list->end();) Impl::take(*list, waiter, ready);
    }
    impl_->changed.notify_one();
  }
  if (impl_->timer.joinable()) impl_->timer.join();
  run_all(ready);
}

void ReadBarrier::wait(Done done) { impl_->wait(std::move(done)); }

void ReadBarrier::advanced(BatchNumber last_batch) { impl_->advanced(last_batch); }

ReadBarrierStatus ReadBarrier::status() const {
  const std::lock_guard lock(impl_->mutex);
  ReadBarrierStatus status = impl_->status;
  status.waiting = impl_->waiting();
  return status;
}

}  // namespace perpetua::cluster
