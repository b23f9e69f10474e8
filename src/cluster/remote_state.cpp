#include "cluster/remote_state.hpp"

#include <algorithm>
#include <utility>

#include "cluster/streams.hpp"

namespace perpetua::cluster {

using runtime::SubmitResult;
using Kind = AppendResult::Kind;

bool is_repeatable(std::span<const runtime::Submission> submissions) {
  return std::ranges::all_of(submissions, [](const runtime::Submission& submission) {
    const Command& command = submission.command;
    const bool has_client_id =
        command.header.type == CommandType::place_order && command.place.client_id[0] != 0;
    return has_client_id || !command.header.key.is_zero();
  });
}

RemoteState::Lane& RemoteState::lane(uint16_t stream, std::string_view symbol) {
  std::unique_ptr<Lane>& found = lanes_[stream];
  if (found == nullptr) {
    found = std::make_unique<Lane>();
    found->key = stream_key(stream, symbol);
    found->writer_key = writer_key(found->key, options_.gateway);
  }
  return *found;
}

bool RemoteState::has_room(const RemoteRequest& request) const {
  const uint64_t commands_max =
      RemotePort::kCommandsInFlightMax - (request.only_cancels ? 0 : RemotePort::kCancelReserve);
  return counters_.commands_in_flight + request.commands.size() <= commands_max &&
         counters_.bytes_in_flight + request.payload.size() <= RemotePort::kBytesInFlightMax;
}

SubmitResult RemoteState::admit(RemoteRequest&& request, std::string_view symbol, bool has_spares,
                                int64_t now_ns) {
  const std::optional<uint16_t> stream = choose(request, symbol, has_spares);
  if (!stream) {
    ++counters_.unavailable;
    return SubmitResult::unavailable;
  }
  Lane& chosen = *lanes_[*stream];
  const bool is_full = now_ns < chosen.full_until_ns && !request.only_cancels;
  if (is_full || !has_room(request)) {
    ++counters_.overloaded;
    return SubmitResult::overloaded;
  }
  ++counters_.requests;
  counters_.commands_in_flight += request.commands.size();
  counters_.bytes_in_flight += request.payload.size();
  if (request.agent != 0) {
    Agent& agent = agents_[request.agent];
    agent.stream = *stream;
    ++agent.in_flight;
  }
  chosen.queue.push_back(request.token);
  const uint64_t token = request.token;
  Flight flight;
  flight.request = std::move(request);
  flight.stream = *stream;
  requests_.emplace(token, std::move(flight));
  return SubmitResult::accepted;
}

std::optional<uint16_t> RemoteState::choose(const RemoteRequest& request, std::string_view symbol,
                                            bool has_spares) {
  const Lane& first = lane(request.stream, symbol);
  const auto agent = agents_.find(request.agent);
  if (agent != agents_.end()) {
    // Also on one that is away: it moves with everything or not at all.
    const bool is_away = lanes_[agent->second.stream]->is_away;
    return is_away && !has_spares ? std::nullopt : std::optional(agent->second.stream);
  }
  if (!first.is_away) return request.stream;
  if (!has_spares) return std::nullopt;
  return other_stream(request.stream, request.stream, request.agent);
}

std::optional<RemoteState::Append> RemoteState::next_append(int64_t now_ns) {
  for (uint16_t stream = 0; stream < lanes_.size(); ++stream) {
    Lane* const lane = lanes_[stream].get();
    if (lane == nullptr || lane->is_busy) continue;
    const bool is_due =
        lane->is_away ? now_ns >= lane->try_at_ns : lane->is_asked || !lane->queue.empty();
    if (!is_due) continue;
    Append append = begin_append(stream, *lane);
    if (lane->is_busy) return append;
  }
  return std::nullopt;
}

// Not busy afterwards: there was nothing to send.
RemoteState::Append RemoteState::begin_append(uint16_t stream, Lane& lane) {
  std::vector<AppendEntry> entries;
  std::size_t bytes = 0;
  lane.appending.clear();
  while (!lane.is_away && !lane.queue.empty() && entries.size() < kEntriesPerAppendMax) {
    const uint64_t token = lane.queue.front();
    const auto found = requests_.find(token);
    const bool is_here = found != requests_.end() && found->second.stream == stream &&
                         found->second.place == Place::queued;
    if (is_here) {
      const RemoteRequest& request = found->second.request;
      bytes += request.payload.size();
      if (!entries.empty() && bytes > kAppendBytesMax) break;
      entries.push_back({request.payload, request.only_cancels});
      lane.appending.push_back(token);
      found->second.place = Place::appending;
    }
    lane.queue.pop_front();
  }
  Append append;
  append.stream = stream;
  const bool is_asked = std::exchange(lane.is_asked, false) || lane.is_away;
  if (entries.empty() && !is_asked) return append;
  lane.is_busy = true;
  append.number = ++lane.number;
  AppendCall call;
  call.stream_key = lane.key;
  call.writer_key = lane.writer_key;
  call.arrived = lane.arrived;
  call.number = append.number;
  call.entries_max = options_.stream_entries_max;
  call.cancel_reserve = std::min(options_.stream_cancel_reserve, options_.stream_entries_max / 2);
  call.entries = entries;
  append.entries = entries.size();
  append.request = make_append(call);
  return append;
}

void RemoteState::append_done(uint16_t stream, const AppendResult& result, bool has_spares,
                              int64_t now_ns) {
  Lane& lane = *lanes_[stream];
  lane.is_busy = false;
  switch (result.kind) {
    case Kind::done:
      arrived(lane, result, now_ns);
      pass_over(stream, lane);
      break;
    case Kind::lost:
      lost(stream, lane, result.seen);
      break;
    case Kind::late:
      set_away(lane, false);
      lane.number = lane.arrived = result.seen;
      requeue(stream, lane);
      break;
    case Kind::not_executed:
    case Kind::unknown:
      failed(stream, lane, result.kind == Kind::unknown, now_ns);
      if (has_spares) leave(stream);
      break;
  }
}

void RemoteState::arrived(Lane& lane, const AppendResult& result, int64_t now_ns) {
  set_away(lane, false);
  lane.arrived = lane.number;
  for (std::size_t i = 0; i < lane.appending.size(); ++i) {
    const auto found = requests_.find(lane.appending[i]);
    if (found == requests_.end()) continue;
    Flight& flight = found->second;
    if (result.ids[i] == StreamPosition()) {
      lane.full_until_ns = now_ns + kFullNs;
      end(found, Ending::overloaded);
      continue;
    }
    flight.place = Place::in_stream;
    flight.append = lane.number;
    flight.asked_ns = now_ns;
    flight.id = result.ids[i];
    lane.in_stream.emplace_back(flight.id, found->first);
  }
  lane.appending.clear();
}

void RemoteState::set_away(Lane& lane, bool is_away) {
  if (lane.is_away == is_away) return;
  lane.is_away = is_away;
  counters_.streams_away += is_away ? 1 : -1;
}

std::vector<runtime::ReplyTarget> RemoteState::take(uint64_t token, uint32_t count) {
  const auto found = requests_.find(token);
  if (found == requests_.end() || found->second.request.targets.size() != count) return {};
  std::vector<runtime::ReplyTarget> targets = std::move(found->second.request.targets);
  ++counters_.answered;
  forget(found);
  return targets;
}

void RemoteState::consumed(uint16_t stream, const StreamPosition& last) {
  Lane* const lane = stream < lanes_.size() ? lanes_[stream].get() : nullptr;
  if (lane == nullptr) return;
  lane->consumed = std::max(lane->consumed, last);
  pass_over(stream, *lane);
}

void RemoteState::tick(bool has_spares, int64_t now_ns) {
  while (!requests_.empty() && requests_.begin()->second.request.deadline_ns <= now_ns) {
    const Flight& flight = requests_.begin()->second;
    const bool is_known = flight.place == Place::queued && !flight.may_be_executed;
    end(requests_.begin(), is_known ? Ending::unavailable : Ending::unknown);
  }
  const int64_t timeout_ns = options_.command_timeout_ms * 1'000'000;
  for (auto& [token, flight] : requests_) {
    if (flight.request.deadline_ns - timeout_ns + kAskAfterNs > now_ns) break;
    if (flight.place != Place::in_stream || flight.asked_ns + kAskAfterNs > now_ns) continue;
    flight.asked_ns = now_ns;
    lanes_[flight.stream]->is_asked = true;
  }
  if (!has_spares || counters_.streams_away == 0) return;
  for (uint16_t stream = 0; stream < lanes_.size(); ++stream) {
    const Lane* const lane = lanes_[stream].get();
    if (lane != nullptr && lane->is_away && !lane->queue.empty()) leave(stream);
  }
}

std::vector<Ended> RemoteState::take_ended() { return std::exchange(ended_, {}); }

void RemoteState::end(Flights::iterator flight, Ending ending) {
  const RemoteRequest& request = flight->second.request;
  for (std::size_t i = 0; i < request.commands.size(); ++i) {
    ended_.push_back({request.targets[i], request.commands[i], ending});
  }
  switch (ending) {
    case Ending::unknown:
      ++counters_.expired;
      break;
    case Ending::overloaded:
      ++counters_.overloaded;
      break;
    case Ending::unavailable:
      ++counters_.unavailable;
      break;
  }
  forget(flight);
}

void RemoteState::forget(Flights::iterator flight) {
  const RemoteRequest& request = flight->second.request;
  counters_.commands_in_flight -= request.commands.size();
  counters_.bytes_in_flight -= request.payload.size();
  const auto agent = agents_.find(request.agent);
  if (agent != agents_.end() && --agent->second.in_flight == 0) agents_.erase(agent);
  requests_.erase(flight);
}

}  // namespace perpetua::cluster
