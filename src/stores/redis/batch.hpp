// Batch: one submitted request on its way: which command waits, is sent, is answered.
//
// Goes in rounds. A round sends every waiting command to its node; when all of them have come back
// (answered, redirected, lost, not sent) the owner starts the next round for those that wait
// again, at once or after a pause, or ends the batch. So redirected commands keep their order.
// On the client's thread. Its command and byte count leave the client's gauges before the callback,
// or, if connections still hold some of it, with the object.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "stores/redis/backoff.hpp"
#include "stores/redis/client.hpp"
#include "stores/redis/server_error.hpp"

namespace perpetua::redis {

class Batch;

class BatchOwner {
 public:
  virtual void round_ended(Batch& batch) = 0;
  // A node said that the slot table is out of date; `redirect`: what it said instead.
  virtual void slots_moved(const Redirect* redirect) = 0;

 protected:
  ~BatchOwner() = default;
};

class Batch : public std::enable_shared_from_this<Batch> {
 public:
  enum class State : uint8_t { waiting, sent, answered };

  struct Detour {
    Endpoint target;
    bool is_asking = false;
  };

  Batch(Counters& counters, Request request, const CallOptions& options, Callback callback,
        int64_t deadline_ns);
  ~Batch();
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // The owner's.
  void set_owner(BatchOwner& owner) { owner_ = &owner; }
  std::size_t begin_round();  // how many commands wait; end_one() is called once for each, and once
  void end_one();             // more by the owner when it has handed all of them to connections
  bool has_waiting() const { return waiting_ > 0; }
  bool is_pause_due() const { return needs_pause_ || rounds_ > kRoundsAtOnceMax; }
  int64_t next_pause_ms(std::minstd_rand& random) { return backoff_.next_ms(random) + 1; }
  void finish(Failure of_waiting);  // calls back; what is sent and unanswered ends as unknown

  // A connection's.
  bool is_finished() const { return is_finished_; }
  void append_wire(uint32_t command, std::string& out);  // and mark it as sent
  void on_reply(uint32_t command, const Endpoint& from, Reply&& reply);
  void on_lost(uint32_t command, std::string_view why);      // sent, no reply will come
  void on_not_sent(uint32_t command, std::string_view why);  // still to be sent

  State state(uint32_t command) const { return states_[command]; }
  const Detour* detour(uint32_t command) const;
  const Request& request() const { return request_; }
  const CallOptions& options() const { return options_; }

  const int64_t deadline_ns;
  bool follows_redirects = false;                        // in a Cluster, if no node is named
  bool is_fail_fast = false;                             // ends with its first round
  int64_t retry_at_ns = 0;                               // 0: in a round
  std::list<std::shared_ptr<Batch>>::iterator position;  // in the owner's list

 private:
  static constexpr uint32_t kRoundsAtOnceMax = 5;  // then redirects wait, too

  bool is_tried_again(uint32_t command, const Endpoint& from, const Reply& error);
  void wait_again(uint32_t command, std::string_view why);
  void count_failure(const Reply& reply);
  void leave();  // the gauges

  Counters& counters_;
  const Request request_;
  const CallOptions options_;
  Callback callback_;
  BatchOwner* owner_ = nullptr;
  Backoff backoff_;
  std::vector<Reply> replies_;
  std::vector<State> states_;
  std::vector<bool> as_eval_;  // empty until a node lacks a script
  std::unordered_map<uint32_t, Detour> detours_;
  std::string last_error_;
  std::size_t open_ = 0;  // of this round
  std::size_t waiting_ = 0;
  uint32_t rounds_ = 0;
  bool needs_pause_ = false;
  bool is_finished_ = false;
  bool has_left_ = false;
};

}  // namespace perpetua::redis
