// Helpers of the tests of StreamReader.
#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include "stores/redis/client_test_support.hpp"
#include "stores/redis/stream_reader.hpp"

namespace perpetua::redis {

inline Reply add_entry(Client& client, const std::string& key, const std::string& payload,
                       const std::string& id = "*") {
  return one(client, Request(key, {"XADD", key, id, "e", payload}));
}

// What a reader handed over; takes as much as it has room for.
class Basket {
 public:
  StreamReader::Handler handler() {
    return [this](std::span<StreamEntry> entries) {
      const std::lock_guard lock(mutex_);
      ++offers_;
      const std::size_t taken = std::min(entries.size(), room_);
      room_ -= taken;
      for (StreamEntry& entry : entries.first(taken)) {
        ids_.push_back(entry.id);
        payloads_.push_back(std::move(entry.payload).value_or("(none)"));
      }
      return taken;
    };
  }
  void set_room(std::size_t entries) {
    const std::lock_guard lock(mutex_);
    room_ = entries;
  }
  std::vector<std::string> payloads() const {
    const std::lock_guard lock(mutex_);
    return payloads_;
  }
  std::vector<StreamId> ids() const {
    const std::lock_guard lock(mutex_);
    return ids_;
  }
  uint64_t offers() const {
    const std::lock_guard lock(mutex_);
    return offers_;
  }
  bool becomes(const std::vector<std::string>& payloads_wanted) const {
    return comes_true([&] { return payloads() == payloads_wanted; });
  }

 private:
  mutable std::mutex mutex_;
  std::size_t room_ = SIZE_MAX;
  std::vector<std::string> payloads_;
  std::vector<StreamId> ids_;
  uint64_t offers_ = 0;
};

inline StreamReaderOptions reader_of(const std::string& key, StreamId after = {}) {
  StreamReaderOptions options;
  options.key = key;
  options.field = "e";
  options.after = after;
  options.block_ms = 50;
  return options;
}

// "0".."count - 1"
inline std::vector<std::string> numbers(int count) {
  std::vector<std::string> texts;
  for (int i = 0; i < count; ++i) texts.push_back(std::to_string(i));
  return texts;
}

}  // namespace perpetua::redis
