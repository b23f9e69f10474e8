// RemoteState: what a RemotePort has in flight, and what becomes of it. Bookkeeping only: no
// thread, no clock, no Redis.
//
//   queued --next_append()--> appending --done--> in_stream --take()--> answered
//     ^                           |                   |
//     |      not executed, passed over once, or       |   lost, not repeatable
//     |      lost and repeatable                      |
//     +---------------------------+-------------------+--> doubtful --tick()--> ended
//
// A lane is one stream as this gateway sees it. It has one append on its way at a time. After a
// failed one it is away until an append without entries has been answered.
// A request is repeatable if the engine knows every one of its commands by a key, so that a second
// copy in the streams does nothing.
// Thread-safety: none; RemotePort holds its lock around every call. Times are monotonic.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "cluster/append_script.hpp"
#include "cluster/remote_port.hpp"
#include "runtime/api/submit.hpp"

namespace perpetua::cluster {

struct RemoteRequest {
  uint64_t token = 0;  // ascending in the order of admit(), but for those of other threads
  std::string payload;
  std::vector<Command> commands;
  std::vector<runtime::ReplyTarget> targets;
  int64_t deadline_ns = 0;
  uint16_t stream = 0;  // of the first choice
  AgentId agent = 0;
  bool is_repeatable = false;
  bool only_cancels = false;
};

// Whether the engine recognises a second copy of all of them.
bool is_repeatable(std::span<const runtime::Submission> submissions);

class RemoteState {
 public:
  static constexpr std::size_t kEntriesPerAppendMax = 64;
  static constexpr std::size_t kAppendBytesMax = 1u << 20;  // or one entry
  static constexpr int64_t kTryAgainNs = 100'000'000;       // a lane that is away
  static constexpr int64_t kFullNs = 10'000'000;            // a full stream is not asked again for
  static constexpr int64_t kAskAfterNs = 500'000'000;       // no outcome: is the entry still there?

  explicit RemoteState(const RemotePortOptions& options) : options_(options) {}

  // Queues it, if it is accepted. `symbol` of the stream. `has_spares`: other masters may live.
  runtime::SubmitResult admit(RemoteRequest&& request, std::string_view symbol, bool has_spares,
                              int64_t now_ns);

  struct Append {
    uint16_t stream = 0;
    uint64_t number = 0;
    std::size_t entries = 0;
    redis::Request request;
  };
  // What is to be sent now, of any lane. Each ends with append_done().
  std::optional<Append> next_append(int64_t now_ns);
  void append_done(uint16_t stream, const AppendResult& result, bool has_spares, int64_t now_ns);

  // The outcome of the request has come: gives its targets and forgets it. Empty: not in flight.
  std::vector<runtime::ReplyTarget> take(uint64_t token, uint32_t count);

  // The engine has taken the stream as far as that; all of it that is executed has been taken.
  // What is still in flight there was passed over: unreadable for the engine, or hidden below its
  // position by a server whose clock went back. It is sent again once.
  void consumed(uint16_t stream, const StreamPosition& last);

  // Ends what has reached its deadline; asks for what has waited long; moves what can move.
  void tick(bool has_spares, int64_t now_ns);
  std::vector<Ended> take_ended();
  bool has_ended() const { return !ended_.empty(); }

  bool is_idle() const { return requests_.empty() && counters_.streams_away == 0; }
  const RemotePortCounters& counters() const { return counters_; }

 private:
  enum class Place : uint8_t { queued, appending, in_stream, doubtful };
  struct Flight {
    RemoteRequest request;
    Place place = Place::queued;
    uint16_t stream = 0;
    uint64_t append = 0;   // in_stream: the call that added it
    int64_t asked_ns = 0;  // in_stream: when it was added, or asked for last
    StreamPosition id;     // in_stream
    bool may_be_executed = false;
    bool was_passed_over = false;
  };
  struct Lane {
    std::string key;
    std::string writer_key;
    std::deque<uint64_t> queue;  // tokens; those that have left are passed over
    std::vector<uint64_t> appending;
    std::deque<std::pair<StreamPosition, uint64_t>> in_stream;  // ids ascending, tokens
    StreamPosition consumed;
    uint64_t number = 0;   // of the newest call
    uint64_t arrived = 0;  // the newest that is known to have arrived
    int64_t try_at_ns = 0;
    int64_t full_until_ns = 0;
    bool is_busy = false;
    bool is_away = false;
    bool is_asked = false;  // an append is due even without entries
  };
  struct Agent {
    uint16_t stream = 0;
    uint32_t in_flight = 0;
  };
  using Flights = std::map<uint64_t, Flight>;

  Lane& lane(uint16_t stream, std::string_view symbol);
  bool has_room(const RemoteRequest& request) const;
  std::optional<uint16_t> choose(const RemoteRequest& request, std::string_view symbol,
                                 bool has_spares);
  std::optional<uint16_t> other_stream(uint16_t from, uint16_t preferred, AgentId agent);
  Append begin_append(uint16_t stream, Lane& lane);
  void arrived(Lane& lane, const AppendResult& result, int64_t now_ns);
  void lost(uint16_t stream, Lane& lane, uint64_t seen);
  void failed(uint16_t stream, Lane& lane, bool is_unknown, int64_t now_ns);
  void doubt(Flight& flight);
  void pass_over(uint16_t stream, Lane& lane);
  void requeue(uint16_t stream, Lane& lane);
  void set_away(Lane& lane, bool is_away);
  void leave(uint16_t stream);
  static bool can_move(const Flight& flight);
  void move(std::span<const Flights::iterator> flights, uint16_t to);
  void end(Flights::iterator flight, Ending ending);
  void forget(Flights::iterator flight);

  const RemotePortOptions& options_;
  Flights requests_;                           // by token: the oldest deadline first
  std::unordered_map<AgentId, Agent> agents_;  // with something in flight
  std::array<std::unique_ptr<Lane>, limits::kStreamsMax> lanes_;
  std::vector<Ended> ended_;
  RemotePortCounters counters_;
};

}  // namespace perpetua::cluster
