// RemotePort: the command port of a process without an engine. Sends requests to the engine through
// Redis, and finds their outcomes in the batches that come back.
//
//   submit() -> XADD to a command stream ... engine ... follower: fill_targets() -> ReplyRouter
//                          \-> no outcome in time, or refused on the way: on_ended()
//
// After `accepted` a request ends exactly once: its targets are filled in by fill_targets() (then
// the listeners of that batch deliver the outcome), or it is handed to on_ended(). What comes later
// is dropped.
// Order: the requests of one agent are executed in the order of submit(). Each stream has one
// append on its way at a time, and an agent stays on its stream while anything of it is in flight.
// Failure: when the master of a stream does not answer, an agent moves to a spare stream with
// everything it has in flight, if the engine can tell repeats of all of it (idempotency key, client
// id); otherwise it stays, and what may have been appended is never sent again. Each append checks
// that what this port appended earlier has not been lost with a master; what was lost is appended
// again under the same condition (then behind what its agent had sent later, at worst). What the
// engine has passed over is sent again once. The rest ends as `unknown` at its deadline.
// Nothing runs after its client has given up: a command may not be sequenced later than
// command_timeout_ms after submit(), or its own valid_until_ms if that is earlier.
// Bounds: kCommandsInFlightMax, kBytesInFlightMax, and stream_entries_max of each stream in Redis.
// Beyond them `overloaded` (so is a request with more text than one batch holds), for all but
// cancels before the last kCancelReserve commands (stream_cancel_reserve entries).
// Thread-safety: submit(), fill_targets(), counters by any thread; the rest by the owner.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/schema/batch.hpp"
#include "runtime/api/submit.hpp"
#include "runtime/clock.hpp"
#include "stores/redis/client.hpp"

namespace perpetua::cluster {

struct RemotePortOptions {
  uint64_t gateway = 0;  // random, other in every process
  int64_t command_timeout_ms = 5'000;
  uint32_t stream_entries_max = 8'192;
  uint32_t stream_cancel_reserve = 1'024;  // the last of them, half at most: for cancels only
  int64_t append_timeout_ms = 300;         // then the stream's master counts as away
  // Symbol of a market, empty if there is none: such commands go to the accounts' stream. Any
  // thread.
  std::function<std::string(MarketId)> symbol;
  const runtime::Clock* clock = nullptr;  // for valid_until_ms; null = the machine's own
};

enum class Ending : uint8_t {
  unknown,      // no outcome in time; executed or not, a repeat with the same key tells
  overloaded,   // the stream was full; not executed
  unavailable,  // no stream took it in time; not executed
};

// One command that ended without an outcome.
struct Ended {
  runtime::ReplyTarget target;
  Command command;
  Ending ending = Ending::unknown;
};

struct RemotePortCounters {
  uint64_t commands_in_flight = 0;
  uint64_t bytes_in_flight = 0;
  uint64_t requests = 0;    // accepted
  uint64_t answered = 0;    // requests whose targets were filled in
  uint64_t overloaded = 0;  // requests refused: own bounds, or a full stream
  uint64_t unavailable = 0;
  uint64_t sent_again = 0;   // requests, each time
  uint64_t expired = 0;      // requests that ended as unknown
  uint64_t losses = 0;       // times a stream had lost what was appended
  uint64_t passed_over = 0;  // requests that the engine left out
  uint32_t streams_away = 0;
};

class RemotePort final : public runtime::CommandPort {
 public:
  static constexpr uint32_t kCommandsInFlightMax = limits::kCommandRingSlots;
  static constexpr uint32_t kCancelReserve = limits::kCommandRingCancelReserve;
  static constexpr uint64_t kBytesInFlightMax = 64u << 20;

  using OnEnded = std::function<void(std::span<const Ended>)>;

  // `on_ended` runs on a thread of the port, never inside submit(). The client outlives the port.
  RemotePort(redis::Client& client, RemotePortOptions options, OnEnded on_ended);
  ~RemotePort() override;  // stops
  RemotePort(const RemotePort&) = delete;
  RemotePort& operator=(const RemotePort&) = delete;

  // unavailable: every stream that could take it is known to be away. Nothing has happened then.
  runtime::SubmitResult submit(std::span<runtime::Submission> submissions) override;

  // From here on submit() answers shutting_down; what is in flight goes on.
  void close();
  // close(), and forgets what is in flight; on_ended does not run after it returns.
  void stop();

  // For the follower (Follower::on_targets): fills in who waits here for commands of this batch.
  // REQUIRES: one target per command. Each request is filled in once.
  void fill_targets(const BatchInput& batch, std::vector<runtime::ReplyTarget>& targets);

  RemotePortCounters counters() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace perpetua::cluster
