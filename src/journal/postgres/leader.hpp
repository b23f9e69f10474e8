// Leader: the one connection that may write the journal table, and what keeps it so.
//
// The connection holds an advisory lock of its own session; the rows are written on that very
// connection, so lock and ability to write end together. A thread commits a beat every kBeatEvery
// while nothing else is committed, notices a lost connection, and makes a new one.
//
// After a lost connection nothing is assumed: connect, take the lock first (the old server process
// is gone then), read the newest row, and compare it with what this engine wrote:
//   the newest durable row        what was in doubt did not commit; it is written again
//   the last row in doubt         it committed; made durable once more by a synchronous beat
//   a lower row                   the database lost history: over, kExitHistoryLost
//   anything else                 another engine writes: over, kExitDeposed
// "Over" calls on_over once (by default: report, and end the process without destructors), and the
// connection is never used again.
//
// A planned hand-over: somebody writes this leader's epoch into journal_leader (leadership.hpp),
// the thread finds it there and calls on_handover; whoever owns the leader then finishes what it
// has accepted and calls resign().
//
// Thread-safety: lead(), resign() and the destructor by one thread; everything else needs the lock
// of lock(), except is_available().
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/pg/connection.hpp"
#include "journal/format.hpp"
#include "journal/status.hpp"

namespace perpetua::journal::postgres {

inline constexpr int kExitDeposed = 75;
inline constexpr int kExitHistoryLost = 76;
inline constexpr int kExitSeenMark = 74;  // as a disk that fails to sync
inline constexpr std::chrono::milliseconds kBeatEvery{200};
inline constexpr std::chrono::milliseconds kReconnectMax{1'000};  // back-off, with jitter
inline constexpr std::chrono::seconds kStartPatience{30};         // for a server that is starting
inline constexpr std::chrono::seconds kLockPatience{5};           // without waits_for_leadership

struct TableOptions {
  std::string url;
  bool accepts_async_replicas = false;
  bool waits_for_leadership = true;  // else lead() gives up after kLockPatience
  int64_t leader_silence_ms =
      1'000;  // a holder silent for so long is ended by who waits; 0 = never
  std::function<void(const std::string& line)> log;  // for the operator; any thread
  std::function<void(int exit_code, const std::string& message)>
      on_over;  // empty = end the process
  // Asked to hand over: must not block; called once.
  std::function<void()> on_handover;
  std::string node_name;  // shown to other processes (leadership.hpp)
};

// A row of the table, as far as leadership needs it.
struct Tip {
  BatchNumber batch = 0;
  uint64_t epoch = 0;
  uint64_t hash = 0;
  bool operator==(const Tip&) const = default;
};

class Leader {
 public:
  explicit Leader(TableOptions options);
  ~Leader();  // gives the lock up
  Leader(const Leader&) = delete;
  Leader& operator=(const Leader&) = delete;

  // Connects, waits for the lock, makes the tables if they are not there. Once. Not ok: refused,
  // given up, or `is_stopping` said so.
  Status lead(const std::function<bool()>& is_stopping);

  // Gives the lock up for good; nothing can be written from then on. REQUIRES: nothing is in doubt.
  void resign();

  [[nodiscard]] std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }
  bool is_available() const { return is_available_.load(); }

  // From here on: REQUIRES lock().

  pg::Connection& connection() { return connection_; }
  const std::string& address() const { return address_; }
  const Tip& durable() const { return durable_; }  // the newest row, as far as it is known
  bool is_over() const { return is_over_; }

  // Rows are written under this epoch from now on.
  void set_epoch(uint64_t epoch) {
    epoch_ = epoch;
    has_own_epoch_ = true;
  }

  // Connected and leading. If not, one attempt to be so again, unless the last was just now.
  bool ensure();

  enum class Written { committed, refused, unknown };
  // Runs kInsertGroup with `parameters` for `rows` rows, the last of which is `last`.
  // refused: the server said no (no space ...) and nothing was written. unknown: the connection is
  // lost; ensure() finds out, and durable() tells.
  Written insert(const pg::Parameters& parameters, int64_t rows, const Tip& last);

  // Ends it for good: see "over" above.
  void end(int exit_code, const std::string& message);

  void report_shortage_to(std::atomic<bool>* is_short);

 private:
  using Time = std::chrono::steady_clock::time_point;

  void keep();
  bool beat();
  void look_for_handover();
  void set_available(bool is_available, const std::string& reason);
  Status connect_and_identify();
  Status first_lock(const std::function<bool()>& is_stopping);
  Status reconnect();
  Status judge(const Tip& newest);
  Status read_newest(Tip& tip);
  Status prepare();
  void log(const std::string& line) const;

  TableOptions options_;
  std::mutex mutex_;
  pg::Connection connection_;
  std::string address_;
  std::string process_;          // of the server, for this connection: pid and start
  std::string leading_process_;  // the one that held the lock last
  Tip durable_;
  std::optional<Tip> in_doubt_;
  uint64_t epoch_ = 0;
  bool has_own_epoch_ = false;
  bool is_handover_told_ = false;
  bool is_over_ = false;
  bool was_warned_ = false;  // the server warned while a statement ran
  std::atomic<bool> is_available_{false};
  std::atomic<bool>* is_short_ = nullptr;
  std::string trouble_;  // last one logged
  Time last_commit_{};
  Time next_attempt_{};
  std::chrono::milliseconds back_off_{0};

  std::condition_variable wake_;
  bool is_stopping_ = false;
  std::thread keeper_;
};

}  // namespace perpetua::journal::postgres
