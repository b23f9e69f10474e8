// Client: pipelined, pooled, reconnecting access to one Redis server or a Cluster.
//
// Owns one thread with its io_context; sockets, redirects, deadlines and callbacks are all there.
// A command that was sent and not answered when its connection broke or its deadline passed ends
// as Failure::unknown and is never sent again, unless the call is marked idempotent. A command
// that was not sent, or was refused with a redirect, LOADING, TRYAGAIN, CLUSTERDOWN, MASTERDOWN or
// READONLY, is tried again with back-off until its deadline, then it is `unavailable`.
// Bounds: Options; deadlines are kept to about 10 ms.
// Thread-safety: every function by any thread, except start() and stop(): one owner, and not from
// a callback.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "stores/redis/health.hpp"
#include "stores/redis/options.hpp"
#include "stores/redis/reply.hpp"
#include "stores/redis/request.hpp"

namespace perpetua::redis {

class Core;

inline constexpr uint32_t kAnyLane = UINT32_MAX;

struct CallOptions {
  int64_t timeout_ms = 0;  // 0: Options::request_timeout_ms
  // Repeating it does no harm: sent again after a broken connection, until the deadline.
  bool is_idempotent = false;
  // Calls of one lane share a connection of each node and so are executed in the order of their
  // submission (as far as Request says); kAnyLane takes the least busy connection.
  uint32_t lane = kAnyLane;
  // Not empty: this node, whatever the keys (health probes, SCAN over all masters()).
  Endpoint node;
};

enum class Submit : uint8_t { accepted, overloaded, stopped };

// What a call that was not accepted comes to, where replies are wanted.
std::vector<Reply> refusal(Submit submit, std::size_t commands);

// One reply per command of the request, in its order. On the client's thread: must not block,
// must not throw.
using Callback = std::function<void(std::vector<Reply>&&)>;

class Client {
 public:
  explicit Client(Options options);
  ~Client();  // stops
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // `on_notice` hears connections come and go and the topology change; on the client's thread.
  // Once in its life. False, with the reason, if the TLS files cannot be used; a server that is
  // away is no error.
  bool start(std::string& error, std::function<void(const Notice&)> on_notice = {});
  // Ends every request (`stopped`, or `unknown` if sent); no callback after it returns.
  void stop();

  // Accepted: the callback comes exactly once. Otherwise never, and nothing was sent.
  Submit submit(Request request, const CallOptions& options, Callback callback);

  // Waits for the replies on the calling thread, which must not be the client's.
  std::vector<Reply> call(Request request, const CallOptions& options = {});

  Health health() const;
  const Counters& counters() const;
  // The nodes that own slots; of one server, that server. Empty until a topology is known.
  std::vector<Endpoint> masters() const;

 private:
  friend class StreamReader;
  friend class Subscriber;
  std::shared_ptr<Core> core_;
};

}  // namespace perpetua::redis
