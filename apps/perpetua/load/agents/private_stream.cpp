#include "load/agents/private_stream.hpp"

namespace perpetua::load {

bool PrivateStream::miss() {
  ++gaps_;
  return false;
}

bool PrivateStream::on_subscribed(uint64_t after) {
  const bool is_right = !has_begun_ || after == complete_;
  if (!is_right) after > complete_ ? ++gaps_ : ++repeats_;
  has_begun_ = true;
  complete_ = after;
  open_fill_ = 0;
  return is_right;
}

bool PrivateStream::on_event(uint64_t sequence, Message message) {
  if (open_fill_ != 0) {
    const bool is_second = sequence == open_fill_ && message == Message::position_of_fill;
    complete_ = open_fill_;
    open_fill_ = 0;
    if (is_second) return true;
    miss();
    on_event(sequence, message);
    return false;
  }
  if (sequence <= complete_) {
    ++repeats_;
    return false;
  }
  const bool is_next = sequence == complete_ + 1 && message != Message::position_of_fill;
  if (message == Message::fill) {
    complete_ = sequence - 1;
    open_fill_ = sequence;
  } else {
    complete_ = sequence;
  }
  return is_next || miss();
}

void PrivateStream::restart() {
  miss();
  has_begun_ = false;
  open_fill_ = 0;
}

std::optional<uint64_t> PrivateStream::resume_from() const {
  if (!has_begun_) return std::nullopt;
  return complete_;
}

}  // namespace perpetua::load
