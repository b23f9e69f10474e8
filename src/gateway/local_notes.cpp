#include "gateway/local_notes.hpp"

#include <chrono>

#include "base/assert.hpp"

namespace perpetua::gateway {
namespace {

int64_t steady_now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

LocalNotes::LocalNotes(std::size_t notes_max, std::function<int64_t()> clock)
    : notes_max_(notes_max), clock_(clock ? std::move(clock) : steady_now_ms) {}

void LocalNotes::ask(NoteAsk ask, std::function<void(NoteAnswer)> done) { done(answer(ask)); }

// Nobody else has seen anything.
void LocalNotes::exchange(Sightings /*ours*/, uint32_t /*since_s*/,
                          std::function<void(std::optional<Sightings>)> done) {
  done(Sightings());
}

NoteAnswer LocalNotes::answer(const NoteAsk& ask) {
  const std::lock_guard lock(mutex_);
  const int64_t now_ms = clock_();
  while (!ends_.empty() && ends_.begin()->first <= now_ms) {
    notes_.erase(ends_.begin()->second);
    ends_.erase(ends_.begin());
  }
  NoteAnswer answer;
  answer.is_known = true;
  const auto found = notes_.find(ask.key);
  const std::string now = found == notes_.end() ? std::string() : found->second.value;
  if (ask.kind == NoteAsk::Kind::read) {
    answer.value = now;
  } else if (ask.kind == NoteAsk::Kind::write || now == ask.expected) {
    answer.is_done = answer.is_known = put(ask, now_ms);
  }
  return answer;
}

bool LocalNotes::put(const NoteAsk& ask, int64_t now_ms) {
  PERPETUA_ASSERT(!ask.value.empty() && ask.ttl_ms > 0);
  const auto found = notes_.find(ask.key);
  if (found == notes_.end() && notes_.size() >= notes_max_) return false;
  if (found != notes_.end()) ends_.erase({found->second.ends_at_ms, ask.key});
  const int64_t ends_at_ms = now_ms + ask.ttl_ms;
  notes_[ask.key] = {ask.value, ends_at_ms};
  ends_.emplace(ends_at_ms, ask.key);
  return true;
}

}  // namespace perpetua::gateway
