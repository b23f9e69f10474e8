// LogExtent: what this publisher has added to the log of one tag, so that the log can be kept
// within its bounds by naming the oldest entry that is still wanted.
//
// Thread-safety: none.
#pragma once

#include <cstddef>
#include <deque>

#include "engine/schema/types.hpp"

namespace perpetua::cluster {

class LogExtent {
 public:
  LogExtent(std::size_t bytes_max, std::size_t messages_max)
      : bytes_max_(bytes_max), messages_max_(messages_max) {}

  // Entries below this id are no longer wanted.
  BatchNumber add(BatchNumber id, std::size_t bytes) {
    messages_.push_back({id, bytes});
    bytes_ += bytes;
    while (messages_.size() > 1 && (bytes_ > bytes_max_ || messages_.size() > messages_max_)) {
      bytes_ -= messages_.front().bytes;
      messages_.pop_front();
      oldest_ = messages_.front().id;
    }
    return oldest_;
  }

 private:
  struct Sent {
    BatchNumber id = 0;
    std::size_t bytes = 0;
  };
  const std::size_t bytes_max_;
  const std::size_t messages_max_;
  std::deque<Sent> messages_;
  std::size_t bytes_ = 0;
  BatchNumber oldest_ = 0;
};

}  // namespace perpetua::cluster
