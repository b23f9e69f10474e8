// Shard: the WebSocket sessions of one io thread and who among them subscribed to what.
//
// Takes its thread's mailbox after each wake-up, hands every message to its subscribers, then
// flushes each touched socket once, so several messages leave in one write. One timer a second
// serves all sockets (idle, deadlines, expired keys); there is none per connection.
// Thread-safety: none; only the io thread it belongs to.
// Lifetime: owned by its GatewayContext (a stop callback), so it goes before the io_context.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/codec/json_body.hpp"
#include "gateway/ws/mailbox.hpp"
#include "gateway/ws/session.hpp"

namespace perpetua::gateway {
struct GatewayContext;
}

namespace perpetua::gateway::ws {

class Hub;

class Shard : public std::enable_shared_from_this<Shard> {
 public:
  // The shard of this io thread, made on first use. REQUIRES: context.hub.
  static Shard& of(GatewayContext& context);

  explicit Shard(GatewayContext& context);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  GatewayContext& context() { return context_; }
  Hub& hub() { return hub_; }
  JsonBody& json() { return json_; }
  int64_t now_ms() const { return now_ms_; }  // steady, refreshed by sweep: for deadlines only
  std::size_t session_count() const { return sessions_.size(); }
  uint64_t next_session_id();

  void add(std::shared_ptr<Session> session);
  void remove(Session& session);  // the session may be gone afterwards
  void subscribe(Subscription& subscription);
  void unsubscribe(Subscription& subscription);

  // Submits a cancel of all orders of the agent, in the exchange's own name: no key has to be live
  // for it. What the command ring has no room for is tried again with each sweep.
  void cancel_orders_of(AgentId agent);

  // During a delivery round: flush after it.
  void mark_dirty(Session& session);

 private:
  struct Timers;

  void start();
  void drain_sockets(int64_t drain_ms);
  void drain_next(std::size_t count);
  void stop();
  void drain();
  void deliver(const Delivery& delivery);
  void sweep();
  void arm_sweep();
  void arm_tick(int64_t delay_ms);

  GatewayContext& context_;
  Hub& hub_;
  JsonBody json_;
  std::unique_ptr<Timers> timers_;
  std::vector<std::shared_ptr<Session>> sessions_;
  std::unordered_map<uint64_t, std::vector<Subscription*>> topics_;
  std::vector<Delivery> deliveries_;
  std::vector<Session*> dirty_;
  std::vector<AgentId> uncancelled_;  // each once: at most as many as there are agents
  uint64_t sessions_opened_ = 0;
  int64_t now_ms_ = 0;
  std::vector<std::weak_ptr<Session>> undrained_;  // to be told that the server drains
  bool is_stopping_ = false;
};

}  // namespace perpetua::gateway::ws
