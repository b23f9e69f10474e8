// GatewayContext: what a session on one io thread may use. One object per io thread.
//
// Thread-safety: a session runs on its context's io thread and touches the context from there only;
// what is shared between threads (commands, hot, markets, authenticator, limiter) says so itself.
// Lifetime: everything outlives the io thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <list>

#include "gateway/options.hpp"
#include "gateway/reply_router.hpp"

namespace perpetua::stores {
class HotStore;
class HistoryReader;
}  // namespace perpetua::stores

namespace perpetua::gateway {

class Authenticator;
class GatewayMetrics;
struct GatewayServices;
class MarketDirectory;
class RateLimiter;

namespace ws {
class Hub;
}

struct GatewayContext {
  unsigned io_index = 0;
  boost::asio::io_context& io;
  const ServerOptions& options;
  runtime::CommandPort& commands;
  ReplyChannel& replies;
  const stores::HotStore& hot;
  const MarketDirectory& markets;
  const Authenticator& authenticator;
  RateLimiter& limiter;
  GatewayMetrics& metrics;
  const GatewayServices& services;  // history, key source, readiness: services.hpp
  ws::Hub* hub = nullptr;           // null: no WebSocket fan-out in this process

  // Set on the io thread when the server stops. A WebSocket session then closes: it registers a
  // callback while it is open and removes it when it ends.
  bool stopping = false;
  std::list<std::function<void()>> stop_callbacks;
  // Set before, if the server drains: connections end with their next answer. Called with the time
  // there is for it.
  bool draining = false;
  std::list<std::function<void(int64_t drain_ms)>> drain_callbacks;
};

}  // namespace perpetua::gateway
