// Submit: how commands enter the exchange. The only way in, for HTTP, WebSocket, feeds and tools.
//
// Thread-safety: any number of threads. Nothing here blocks: a full ring answers `overloaded`
// before sequencing, so nothing has happened. After `accepted`, the command is sequenced and its
// outcome reaches the target's channel exactly once, after its batch is durable.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

#include "engine/schema/command.hpp"

namespace perpetua::runtime {

// Where the outcome goes. `channel` is a registered ReplyChannel (0 = nobody waits), `token` is the
// caller's own and comes back untouched.
struct ReplyTarget {
  uint32_t channel = 0;
  uint32_t zero = 0;
  uint64_t token = 0;
};

struct Submission {
  Command command;   // text_offset and text_length are filled in by the sequencer
  std::string text;  // moved into the batch's text area
  ReplyTarget target;
};

// overloaded: the ring is full. unavailable: the journal has no space; cancels still pass
// (`exchange_unavailable` on the wire). shutting_down: the exchange is stopping.
enum class SubmitResult { accepted, overloaded, shutting_down, unavailable };

// Cancels, with or without the marker of the stream they came from: they may use what is kept back.
inline bool are_cancels(std::span<const Submission> submissions) {
  return std::ranges::all_of(submissions, [](const Submission& submission) {
    const CommandType type = submission.command.header.type;
    return is_cancel(type) || type == CommandType::consume_stream;
  });
}

class CommandPort {
 public:
  virtual ~CommandPort() = default;

  // All or nothing: the commands are sequenced next to each other, in order. Text is moved from.
  // At most limits::kSubmissionsMax at once. Cancels alone may use the ring's reserve.
  // A consume_stream comes first and counts the others: they stay in one batch. REQUIRES then: all
  // texts together are at most limits::kBatchTextBytesMax.
  virtual SubmitResult submit(std::span<Submission> submissions) = 0;
};

}  // namespace perpetua::runtime
