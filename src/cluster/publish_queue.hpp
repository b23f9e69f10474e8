// PublishQueue: the batches that wait to be published, bounded, and those of the message in flight.
//
// What is in flight is either published or in doubt, and then goes back to the front. Beyond the
// bounds the oldest waiting batches are dropped and counted; those in flight are not waiting.
// Thread-safety: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "cluster/batch_message.hpp"

namespace perpetua::cluster {

class PublishQueue {
 public:
  PublishQueue(std::size_t bytes_max, std::size_t batches_max)
      : bytes_max_(bytes_max), batches_max_(batches_max) {}

  void push(BatchNumber batch, std::string record) {
    bytes_ += record.size();
    waiting_.push_back({batch, std::move(record)});
    drop_oldest();
  }

  bool empty() const { return waiting_.empty(); }       // nothing waits
  std::size_t waiting_bytes() const { return bytes_; }  // not in flight
  std::size_t batches() const { return waiting_.size() + in_flight_.size(); }
  uint64_t dropped() const { return dropped_; }

  struct Sent {
    BatchNumber last_batch = 0;
    uint32_t batches = 0;
    std::size_t bytes = 0;
  };
  // Appends to `message` what it has room for (kMessageBytesMax); a record that is larger goes
  // alone. REQUIRES: !empty(), nothing is in flight.
  Sent send(std::string& message) {
    while (!waiting_.empty()) {
      Record& record = waiting_.front();
      const bool is_full = message.size() + record.bytes.size() > kMessageBytesMax;
      if (is_full && !in_flight_.empty()) break;
      message += record.bytes;
      bytes_ -= record.bytes.size();
      in_flight_.push_back(std::move(record));
      waiting_.pop_front();
    }
    return in_flight();
  }
  // What was in flight is published. REQUIRES: something was.
  Sent published() {
    const Sent sent = in_flight();
    in_flight_.clear();
    return sent;
  }
  // What was in flight, if anything, is in doubt.
  void put_back() {
    for (auto record = in_flight_.rbegin(); record != in_flight_.rend(); ++record) {
      bytes_ += record->bytes.size();
      waiting_.push_front(std::move(*record));
    }
    in_flight_.clear();
    drop_oldest();
  }

 private:
  struct Record {
    BatchNumber batch = 0;
    std::string bytes;
  };

  Sent in_flight() const {
    Sent sent{in_flight_.back().batch, static_cast<uint32_t>(in_flight_.size()), 0};
    for (const Record& record : in_flight_) sent.bytes += record.bytes.size();
    return sent;
  }
  void drop_oldest() {
    while (!waiting_.empty() && (bytes_ > bytes_max_ || waiting_.size() > batches_max_)) {
      bytes_ -= waiting_.front().bytes.size();
      waiting_.pop_front();
      ++dropped_;
    }
  }

  const std::size_t bytes_max_;
  const std::size_t batches_max_;
  std::deque<Record> waiting_;
  std::size_t bytes_ = 0;  // of waiting_
  std::vector<Record> in_flight_;
  uint64_t dropped_ = 0;
};

}  // namespace perpetua::cluster
