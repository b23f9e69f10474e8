#include "runtime/matcher_pool.hpp"

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "runtime/processors.hpp"

namespace perpetua::runtime {

MatcherPool::MatcherPool(uint32_t matchers, WaitKind wait, uint32_t inline_work_max)
    : inline_work_max_(inline_work_max),
      helper_wait_(make_wait_strategy(wait)),
      caller_wait_(make_wait_strategy(wait)) {
  PERPETUA_ASSERT(matchers <= kMatchersMax);
  for (uint32_t i = 1; i < matchers; ++i) helpers_.emplace_back([this] { run_helper(); });
}

MatcherPool::~MatcherPool() {
  stopping_.store(true, std::memory_order_seq_cst);
  helper_wait_->notify();
  for (std::thread& helper : helpers_) helper.join();
}

void MatcherPool::run_all(uint32_t count, uint32_t work, Task task) {
  PERPETUA_ASSERT(count <= limits::kMarketsMax);
  if (is_inline(count, work)) {
    for (uint32_t i = 0; i < count; ++i) task.run(task.context, i);
    return;
  }
  PERPETUA_ASSERT(undone_.load() == 0);
  task_ = task;
  undone_.store(count, std::memory_order_relaxed);
  ticket_.store(pack(++generation_, count), std::memory_order_seq_cst);
  helper_wait_->notify();
  work_on_tickets();
  caller_wait_->wait([this] { return undone_.load(std::memory_order_seq_cst) == 0; });
}

void MatcherPool::work_on_tickets() {
  uint64_t ticket = ticket_.load(std::memory_order_seq_cst);
  while (has_index_left(ticket)) {
    if (!ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_seq_cst)) continue;
    task_.run(task_.context, static_cast<uint32_t>(ticket & 0xFFFF));
    if (undone_.fetch_sub(1, std::memory_order_seq_cst) == 1) caller_wait_->notify();
    ticket = ticket_.load(std::memory_order_seq_cst);
  }
}

void MatcherPool::run_helper() {
  name_this_thread("matcher");
  while (!stopping_.load(std::memory_order_seq_cst)) {
    helper_wait_->wait([this] {
      return stopping_.load(std::memory_order_seq_cst) ||
             has_index_left(ticket_.load(std::memory_order_seq_cst));
    });
    work_on_tickets();
  }
}

}  // namespace perpetua::runtime
