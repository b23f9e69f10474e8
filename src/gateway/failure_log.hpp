// FailureLog: what went wrong inside the gateway, said at most kFailureLinesPerSecond times a
// second.
//
// An exception that ends a request or a connection is a defect, or a lack of memory; the client
// hears `internal_error`, the operator reads a line here. Lines above the rate are counted and the
// next one says how many there were, so a failure that every request meets cannot fill the disk.
// Thread-safety: any thread; `sink` is called by the thread that failed.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>

#include "gateway/limits/token_bucket.hpp"

namespace perpetua::gateway {

inline constexpr uint32_t kFailureLinesPerSecond = 5;

inline constexpr int kInternalErrorStatus = 500;
inline constexpr std::string_view kInternalErrorCode = "internal_error";

// The body of a 500. A constant: whatever failed, this needs nothing that could fail again.
inline constexpr std::string_view kInternalErrorBody =
    R"({"code":"internal_error","message":"the exchange failed to answer this request",)"
    R"("field":null,"hint":"it may have been carried out: repeat it with its Idempotency-Key"})";

class FailureLog {
 public:
  using Sink = std::function<void(const std::string& line)>;

  explicit FailureLog(Sink sink) : sink_(std::move(sink)) {}

  // `where` is what ended ("request placeOrder"), `now_ns` the monotonic clock.
  void write(std::string_view where, std::string_view what, int64_t now_ns) {
    failures_.fetch_add(1, std::memory_order_relaxed);
    if (!take_token(bucket_, rate_, now_ns).is_allowed) {
      silent_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    if (sink_ == nullptr) return;
    std::string line(where);
    line.append(" failed: ").append(what);
    const uint64_t silent = silent_.exchange(0, std::memory_order_relaxed);
    if (silent > 0) line.append(" (and ").append(std::to_string(silent)).append(" more before)");
    sink_(line);
  }

  uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }

 private:
  const Sink sink_;
  const BucketRate rate_{Budget{kFailureLinesPerSecond, kFailureLinesPerSecond}};
  std::atomic<int64_t> bucket_{0};
  std::atomic<uint64_t> silent_{0};
  std::atomic<uint64_t> failures_{0};
};

}  // namespace perpetua::gateway
