// RemoteState: what becomes of requests that a stream has not taken, has lost or has not shown to
// the engine.
#include <algorithm>
#include <utility>

#include "cluster/remote_state.hpp"
#include "cluster/streams.hpp"

namespace perpetua::cluster {

void RemoteState::lost(uint16_t stream, Lane& lane, uint64_t seen) {
  set_away(lane, false);
  lane.arrived = seen;
  lane.in_stream.clear();
  bool has_lost = false;
  for (auto& [token, flight] : requests_) {
    if (flight.stream != stream || flight.place != Place::in_stream) continue;
    if (flight.append <= seen) {
      lane.in_stream.emplace_back(flight.id, token);
      continue;
    }
    has_lost = true;
    doubt(flight);
  }
  std::ranges::sort(lane.in_stream);
  if (has_lost) ++counters_.losses;
  requeue(stream, lane);
}

void RemoteState::failed(uint16_t stream, Lane& lane, bool is_unknown, int64_t now_ns) {
  set_away(lane, true);
  lane.try_at_ns = now_ns + kTryAgainNs;
  for (const uint64_t token : lane.appending) {
    const auto found = requests_.find(token);
    if (is_unknown && found != requests_.end()) doubt(found->second);
  }
  requeue(stream, lane);
}

// It may have been executed.
void RemoteState::doubt(Flight& flight) {
  flight.may_be_executed = true;
  flight.place = Place::doubtful;
  if (!flight.request.is_repeatable) return;
  flight.place = Place::queued;
  ++counters_.sent_again;
}

// What was being appended waits again, before what came later.
void RemoteState::requeue(uint16_t stream, Lane& lane) {
  for (const uint64_t token : std::exchange(lane.appending, {})) {
    const auto found = requests_.find(token);
    if (found == requests_.end()) continue;
    if (found->second.place == Place::appending) found->second.place = Place::queued;
  }
  lane.queue.clear();
  for (const auto& [token, flight] : requests_) {
    if (flight.stream == stream && flight.place == Place::queued) lane.queue.push_back(token);
  }
}

// Each agent with everything it has in flight, or not at all, so that its order stays.
void RemoteState::leave(uint16_t stream) {
  std::map<AgentId, std::vector<Flights::iterator>> of_agents;
  std::vector<std::vector<Flights::iterator>> groups;
  for (auto flight = requests_.begin(); flight != requests_.end(); ++flight) {
    if (flight->second.stream != stream) continue;
    if (flight->second.request.agent == 0) {
      groups.push_back({flight});
    } else {
      of_agents[flight->second.request.agent].push_back(flight);
    }
  }
  for (auto& [agent, flights] : of_agents) groups.push_back(std::move(flights));
  for (const std::vector<Flights::iterator>& group : groups) {
    if (!std::ranges::all_of(group, [](const auto& flight) { return can_move(flight->second); })) {
      continue;
    }
    const RemoteRequest& first = group.front()->second.request;
    const auto to = other_stream(stream, first.stream, first.agent);
    if (to) move(group, *to);
  }
  requeue(stream, *lanes_[stream]);
}

std::optional<uint16_t> RemoteState::other_stream(uint16_t from, uint16_t preferred,
                                                  AgentId agent) {
  if (preferred != from && !lanes_[preferred]->is_away) return preferred;
  for (unsigned i = 0; i < kSpareStreams; ++i) {
    const auto spare = static_cast<uint16_t>(kSpareStream + (agent + i) % kSpareStreams);
    if (spare != from && !lane(spare, {}).is_away) return spare;
  }
  return std::nullopt;
}

bool RemoteState::can_move(const Flight& flight) {
  return flight.request.is_repeatable || (flight.place == Place::queued && !flight.may_be_executed);
}

void RemoteState::move(std::span<const Flights::iterator> flights, uint16_t to) {
  for (const Flights::iterator& entry : flights) {
    auto& [token, flight] = *entry;
    if (flight.place == Place::in_stream) doubt(flight);
    flight.stream = to;
    lanes_[to]->queue.push_back(token);
    const auto agent = agents_.find(flight.request.agent);
    if (agent != agents_.end()) agent->second.stream = to;
  }
}

void RemoteState::pass_over(uint16_t stream, Lane& lane) {
  while (!lane.in_stream.empty() && lane.in_stream.front().first <= lane.consumed) {
    const auto [id, token] = lane.in_stream.front();
    lane.in_stream.pop_front();
    const auto found = requests_.find(token);
    if (found == requests_.end()) continue;
    Flight& flight = found->second;
    const bool is_here = flight.stream == stream && flight.place == Place::in_stream;
    if (!is_here || flight.id != id) continue;
    ++counters_.passed_over;
    if (flight.was_passed_over) {
      end(found, flight.may_be_executed ? Ending::unknown : Ending::unavailable);
      continue;
    }
    flight.was_passed_over = true;
    flight.place = Place::queued;
    lane.queue.push_back(token);
  }
}

}  // namespace perpetua::cluster
