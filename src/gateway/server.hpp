// Server: the gateway of one process. HTTP, WebSocket, io threads.
//
//   ReplyRouter router(options.io_threads);      // register as egress listener, after the hot
//   store Server server(options, dependencies);        // binds the port; nothing is accepted yet
//   server.start();
//   ...
//   server.stop();                               // before the runtime stops: replies in flight
//   come
//
// Thread-safety: start, stop and the destructor by one thread. Errors: the constructor throws
// std::runtime_error naming the address if it cannot listen.
// Invariants: stop() returns after every request in flight was answered, or after drain_ms and
// stop_timeout_ms.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/options.hpp"
#include "gateway/reply_router.hpp"

namespace prometheus {
class Collectable;
}
namespace perpetua::stores {
class HistoryReader;
class HotStore;
}  // namespace perpetua::stores

namespace perpetua::gateway {

class AccountReads;
class ReadBarrier;
class SharedBudgets;
class SharedKeys;
class SharedNotes;
namespace ws {
class Hub;
}

// Everything outlives the server; functions are called by any thread. REQUIRES: replies has
// options.io_threads channels; history comes with history_batch; what the server still asks for
// when stop() returns is answered or dropped before it is destroyed.
struct ServerDependencies {
  runtime::CommandPort& commands;
  const stores::HotStore& hot;
  ReplyRouter& replies;
  stores::HistoryReader* history = nullptr;  // null: history requests answer exchange_unavailable
  std::function<BatchNumber()> history_batch = {};          // newest batch whose rows history shows
  ws::Hub* hub = nullptr;                                   // null: no /ws
  std::function<bool(std::string& why_not)> is_ready = {};  // for /readyz; empty: always
  std::function<std::string()> degraded = {};               // for /readyz: what it serves without
  std::function<BatchNumber()> applied_batch = {};          // for /readyz; empty: the hot store's
  std::vector<const prometheus::Collectable*> collectables = {};  // for /metrics, beside ours
  // What processes share, null: this process's own. See the headers of their names.
  AccountReads* account_reads = nullptr;
  SharedKeys* shared_keys = nullptr;
  SharedBudgets* shared_budgets = nullptr;
  SharedNotes* shared_notes = nullptr;
  ReadBarrier* read_barrier = nullptr;  // null: nobody acknowledges what this process lacks
  std::function<void(const std::string& line)> on_failure = {};  // for the log, see FailureLog
};

class Server {
 public:
  Server(const ServerOptions& options, const ServerDependencies& dependencies);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void start();
  void stop();  // drains, if drain_ms is set, then stops; idempotent

  uint16_t port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace perpetua::gateway
