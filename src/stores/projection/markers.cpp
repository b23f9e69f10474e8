#include "stores/projection/markers.hpp"

#include <algorithm>

namespace perpetua::projection {
namespace {

// Values that writes without replies may have left; after more of them the group is written again.
constexpr std::size_t kPossibleMax = 64;

}  // namespace

Markers::Markers(const SlotGroups& groups, std::string writer)
    : groups_(groups), writer_(std::move(writer)), states_(groups.count()) {}

unsigned Markers::lost_count() const {
  return static_cast<unsigned>(
      std::count_if(states_.begin(), states_.end(), [](const State& s) { return s.is_lost; }));
}

void Markers::lose(unsigned group) {
  if (!states_[group].is_lost) ++losses_;
  states_[group].is_lost = true;
}

void Markers::begin(BatchNumber batch) {
  attempts_.clear();
  stamp_ = std::to_string(batch) + " " + writer_ + " " + std::to_string(++writes_) + " ";
}

void Markers::open(redis::Request& request, unsigned group) {
  const std::string key = groups_.marker_key(group);
  attempts_.push_back({group, stamp_ + "writing", stamp_ + "whole", request.size(), 0});
  request.add(key, {"SET", key, attempts_.back().begun, "GET"});
}

void Markers::close(redis::Request& request) {
  for (Attempt& attempt : attempts_) {
    const std::string key = groups_.marker_key(attempt.group);
    attempt.done_at = request.size();
    request.add(key, {"SET", key, attempt.done, "GET"});
  }
}

void Markers::compare(State& state, const redis::Reply& found) const {
  const auto& possible = state.possible;
  const bool is_ours = found.is_string() &&
                       std::find(possible.begin(), possible.end(), found.text) != possible.end();
  if (state.is_known && !is_ours) state.is_lost = true;
}

void Markers::accept(const std::vector<redis::Reply>& replies) {
  for (const Attempt& attempt : attempts_) {
    State& state = states_[attempt.group];
    const bool was_lost = state.is_lost;
    // A write that is sent again finds what it left the first time.
    state.possible.push_back(attempt.begun);
    state.possible.push_back(attempt.done);
    compare(state, replies[attempt.begun_at]);
    state.is_known = true;
    compare(state, replies[attempt.done_at]);
    if (state.is_lost && !was_lost) ++losses_;
    state.possible = {attempt.done};
  }
  attempts_.clear();
}

void Markers::fail() {
  for (const Attempt& attempt : attempts_) {
    State& state = states_[attempt.group];
    state.possible.push_back(attempt.begun);
    state.possible.push_back(attempt.done);
    if (state.possible.size() <= kPossibleMax) continue;
    lose(attempt.group);
    state.is_known = false;
    state.possible.clear();
  }
}

redis::Request Markers::check() const {
  redis::Request request;
  for (unsigned group = 0; group < groups_.count(); ++group) {
    const std::string key = groups_.marker_key(group);
    request.add(key, {"GET", key});
  }
  return request;
}

void Markers::accept_check(const std::vector<redis::Reply>& replies) {
  for (unsigned group = 0; group < groups_.count(); ++group) {
    State& state = states_[group];
    const bool was_lost = state.is_lost;
    compare(state, replies[group]);
    if (!state.is_lost || was_lost) continue;
    ++losses_;
    state.is_known = false;  // the next write takes whatever there is
    state.possible.clear();
  }
}

}  // namespace perpetua::projection
