// SharedBucket: token buckets in Redis, one for all processes: GCRA in one Lua script; and sliding
// windows of a second, in another.
//
// `rate:{budget}` holds the time at which the bucket will be full again, in microseconds by the
// server's clock; it expires by itself when it is. Of a window it holds what was taken in the last
// second, and when: a list of `<microseconds>:<tokens>`. One call takes up to `wanted` tokens,
// charges those that were spent before without asking, and gives unused ones back. Thread-safety:
// any thread; `done` on the client's thread, or the caller's if nothing was sent.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "stores/redis/client.hpp"

namespace perpetua::projection {

struct BucketRequest {
  std::string_view budget;
  int64_t interval_ns = 0;  // one token, > 0
  uint32_t burst = 0;
  bool is_window = false;  // at most `burst` in any second, the interval does not count
  uint32_t wanted = 0;     // a window with little left grants fewer at once
  int64_t spent = 0;       // below 0: given back, to a bucket
  int64_t now_us = 0;      // 0: the server's clock
};

struct BucketAnswer {
  uint32_t granted = 0;
  uint32_t remaining = 0;   // whole tokens
  int64_t full_in_us = 0;   // until the bucket is full
  int64_t retry_in_us = 0;  // nothing granted: until the next token
};

class SharedBucket {
 public:
  using Done = std::function<void(std::optional<BucketAnswer>)>;

  SharedBucket(redis::Client& client, int64_t timeout_ms);

  void take(const BucketRequest& request, Done done);

 private:
  redis::Client& client_;
  const int64_t timeout_ms_;
  const redis::Script bucket_;
  const redis::Script window_;
};

}  // namespace perpetua::projection
