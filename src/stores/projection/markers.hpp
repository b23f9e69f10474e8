// Markers: whether Redis still has what was written to it.
//
// One key for each slot group, `applied:{tag}`, holds "<batch> <writer> <write> writing" before the
// data of a write and "<batch> <writer> <write> whole" behind them, both set by SET ... GET. What
// GET finds must be what this writer left there: after a FLUSHALL, an empty restart or an eviction
// it finds nothing, after a failover to a replica that was behind an older write, after a write
// that was given up but went on in the server that write's. Any of these is a loss: everything of
// the group must be written again. Between writes check() asks the same.
// A write whose replies are missing may have come to any of its values; each is accepted.
// Thread-safety: none.
#pragma once

#include <string>
#include <vector>

#include "stores/projection/key_schema.hpp"
#include "stores/redis/reply.hpp"
#include "stores/redis/request.hpp"

namespace perpetua::projection {

class Markers {
 public:
  // `writer` tells this process's markers from those of others. Every group begins as lost.
  Markers(const SlotGroups& groups, std::string writer);

  bool is_lost(unsigned group) const { return states_[group].is_lost; }
  unsigned lost_count() const;
  unsigned losses() const { return losses_; }  // found after a group was whole
  void lose(unsigned group);
  void restore(unsigned group) { states_[group].is_lost = false; }  // it was written again

  // One write: open() before the first command of a group, close() behind the last of all.
  void begin(BatchNumber batch);
  void open(redis::Request& request, unsigned group);
  void close(redis::Request& request);
  // The replies to that request, without an error among them: what turned out to be lost is.
  void accept(const std::vector<redis::Reply>& replies);
  // Its replies are missing, or some are.
  void fail();

  // Reads every marker. REQUIRES of accept_check(): no error among the replies.
  redis::Request check() const;
  void accept_check(const std::vector<redis::Reply>& replies);

 private:
  struct State {
    bool is_lost = true;
    bool is_known = false;              // false: whatever is there is not ours
    std::vector<std::string> possible;  // values that may be there
  };
  struct Attempt {
    unsigned group = 0;
    std::string begun;
    std::string done;
    std::size_t begun_at = 0;  // index in the request
    std::size_t done_at = 0;
  };

  void compare(State& state, const redis::Reply& found) const;

  const SlotGroups& groups_;
  const std::string writer_;
  std::vector<State> states_;
  std::vector<Attempt> attempts_;  // of the write in hand
  std::string stamp_;              // its batch and this writer
  uint64_t writes_ = 0;
  unsigned losses_ = 0;
};

}  // namespace perpetua::projection
