// ReadBarrier: what was acknowledged by any process before a request came is shown by this one.
//
// Only in a process that follows the journal of another: what its hot store shows may be behind
// what a client was told elsewhere. A request that reads waits once, before anything is looked up
// for it; so does a WebSocket, before its upgrade, its login and its private subscriptions.
// Thread-safety: any thread. `done` comes exactly once, on any thread, also within wait(). The
// implementation bounds the wait: past it, the request is answered by what there is.
#pragma once

#include <functional>

namespace perpetua::gateway {

class ReadBarrier {
 public:
  virtual ~ReadBarrier() = default;

  // False: nobody acknowledges what this process does not show; do not wait.
  virtual bool is_needed() const = 0;
  virtual void wait(std::function<void()> done) = 0;
};

}  // namespace perpetua::gateway
