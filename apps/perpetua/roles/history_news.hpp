// HistoryNews: how far the history is that one process writes and the others read. The writer tells
// it on a channel of Redis (HistoryAnnouncer); readers listen, and ask the database itself while
// they hear nothing (HistoryWatch).
//
// Thread-safety: latest() by any thread; the rest by one owner. The client outlives both.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "engine/schema/batch.hpp"
#include "stores/redis/subscriber.hpp"

namespace perpetua::app {

inline constexpr const char* kHistoryChannel = "perpetua:history";
inline constexpr int64_t kHistoryTellMs = 50;       // between two messages while it moves
inline constexpr int64_t kHistoryRepeatMs = 1'000;  // the same again, for those who have just come
inline constexpr int64_t kHistoryAskMs = 250;       // between two questions to the database

struct HistoryNews {
  BatchNumber applied = 0;  // newest batch with rows that are committed
  BatchNumber shown = 0;    // everything up to this batch is there; never below `applied`
};

class HistoryAnnouncer {
 public:
  HistoryAnnouncer(redis::Client& client, std::function<HistoryNews()> ask);
  ~HistoryAnnouncer();

 private:
  void run();

  redis::Client& client_;
  const std::function<HistoryNews()> ask_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_stopping_ = false;
  std::thread thread_;
};

class HistoryWatch {
 public:
  HistoryWatch(redis::Client& client, std::string primary_url);
  ~HistoryWatch();

  HistoryNews latest() const;
  bool is_known() const;  // something was heard or asked lately

 private:
  void note(const HistoryNews& news);
  void run();

  const std::string primary_url_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  HistoryNews news_;
  std::chrono::steady_clock::time_point heard_at_{};  // by the channel
  std::chrono::steady_clock::time_point known_at_{};
  bool is_stopping_ = false;
  redis::Subscriber subscriber_;
  std::thread thread_;
};

}  // namespace perpetua::app
