// CommandIntake: takes the commands out of the streams in Redis into the engine's ring.
//
// One reader per stream: accounts, spares, and every market, also those created while it runs. The
// entries of one read are submitted in groups: one consume_stream marker (position of the last
// entry; as text the origins), then their commands, at most kOrdersPerRequestMax of them, as one
// submission, so that the sequencer keeps them in one batch. A full ring holds the stream up; no
// entry is dropped for it. Entries that are damaged or of another schema are passed over, counted
// and reported; the marker covers them.
// The positions come from the engine's state, so an intake that starts behind a recovered engine
// goes on exactly behind the last durable marker. Entries that are durable are removed from the
// stream.
// Thread-safety: start() and stop() by the owner; on_batch by the egress thread; counters by any.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "runtime/api/egress.hpp"
#include "runtime/api/submit.hpp"
#include "stores/redis/client.hpp"

namespace perpetua::cluster {

// Where an intake begins: what the engine says of its markets and streams.
struct IntakeStart {
  std::vector<std::string> symbols;  // of the markets, by id
  std::array<StreamPosition, limits::kStreamsMax> positions{};
};
// REQUIRES: the engine is not running.
IntakeStart intake_start(const Engine& engine);

struct CommandIntakeOptions {
  IntakeStart start;
  int64_t read_every_ms = 0;  // StreamReaderOptions::read_every_ms: fewer reads and fewer markers
  // At most one line a second. On the client's thread; may be empty.
  std::function<void(const std::string&)> on_warning;
};

struct CommandIntakeCounters {
  uint64_t entries = 0;  // submitted, with those passed over
  uint64_t commands = 0;
  uint64_t groups = 0;
  uint64_t damaged = 0;
  uint64_t other_schema = 0;
  uint64_t held_up = 0;  // times that the ring was full or refused
  uint64_t lifts = 0;    // times that a stream was found behind its position
  uint32_t streams = 0;
  uint32_t connected = 0;  // of the streams
};

class CommandIntake final : public runtime::EgressListener {
 public:
  // Both outlive the intake.
  CommandIntake(redis::Client& client, runtime::CommandPort& port, CommandIntakeOptions options);
  ~CommandIntake() override;  // stops
  CommandIntake(const CommandIntake&) = delete;
  CommandIntake& operator=(const CommandIntake&) = delete;

  // Once in its life. Of the batches released since IntakeStart the intake must hear every one
  // (add_listener first).
  void start();
  // After it returns nothing is submitted.
  void stop();

  void on_batch(const AppliedBatch& batch, std::span<const runtime::ReplyTarget> targets) override;

  CommandIntakeCounters counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace perpetua::cluster
