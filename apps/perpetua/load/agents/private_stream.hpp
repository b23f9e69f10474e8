// PrivateStream: the audit of one agent's private events over all its sockets.
//
// Every event of the agent carries the next sequence number; a fill's number comes twice, on
// `fills`, then on `positions`. Whatever breaks that is a gap or a repeat. A number whose second
// message has not come is not complete: a new socket resumes before it. One thread.
#pragma once

#include <cstdint>
#include <optional>

namespace perpetua::load {

class PrivateStream {
 public:
  enum class Message : uint8_t { single, fill, position_of_fill };

  // A subscription was answered: the stream goes on after `after`. False: events are missing or
  // would be repeated.
  bool on_subscribed(uint64_t after);

  // False: numbers are missing before this one, or it was there already; see gaps(), repeats().
  bool on_event(uint64_t sequence, Message message);

  void on_closed() { open_fill_ = 0; }  // what comes next comes from its number on

  // The exchange cannot resume: the stream begins anew, and that is a gap.
  void restart();

  // Where the next socket goes on; nothing before the first answer.
  std::optional<uint64_t> resume_from() const;

  uint64_t gaps() const { return gaps_; }
  uint64_t repeats() const { return repeats_; }

 private:
  bool miss();

  bool has_begun_ = false;
  uint64_t complete_ = 0;
  uint64_t open_fill_ = 0;  // its second message is to come; 0: none
  uint64_t gaps_ = 0;
  uint64_t repeats_ = 0;
};

}  // namespace perpetua::load
