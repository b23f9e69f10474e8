// Core: nodes that come and go, and the slot table of a Cluster.
#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "stores/redis/core.hpp"

namespace perpetua::redis {
namespace {

namespace asio = boost::asio;
using asio::awaitable;

constexpr int64_t kReadGapMs = 50;         // between two reads at least, whatever happens
constexpr int64_t kReadBackoffMs = 1'000;  // while no node answers, up to this
constexpr int64_t kAskTimeoutMs = 1'000;
constexpr int64_t kNsPerMs = 1'000'000;
constexpr uint32_t kPatchReads = 3;
constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace

std::optional<Endpoint> Core::master_of(uint16_t slot) {
  if (!options.is_cluster) return options.endpoints.front();
  if (slot_nodes_[slot] == nullptr) return std::nullopt;
  return slot_nodes_[slot]->endpoint;
}

std::optional<Endpoint> Core::some_node() {
  std::vector<const Node*> ready;
  for (const auto& [endpoint, node] : pool_.nodes()) {
    if (node.ready > 0) ready.push_back(&node);
  }
  if (ready.empty()) {
    for (const auto& [endpoint, node] : pool_.nodes()) ready.push_back(&node);
  }
  if (ready.empty()) return std::nullopt;
  return ready[rotation_++ % ready.size()]->endpoint;
}

void Core::refresh_soon() {
  is_refresh_wanted_ = true;
  if (is_resting_) refresh_timer_.cancel();
}

uint64_t Core::listen(std::function<void()> listener) {
  listeners_.push_back({++listener_names_, std::move(listener)});
  return listener_names_;
}

void Core::forget(uint64_t name) {
  std::erase_if(listeners_, [name](const Listener& listener) { return listener.name == name; });
}

// The table is patched at once: who asks next should not have to be redirected, too.
void Core::slots_moved(const Redirect* redirect) {
  refresh_soon();
  if (redirect == nullptr) return;
  slot_nodes_[redirect->slot] = &pool_.get(redirect->target);
  patch_reads_left_ = kPatchReads;
}

void Core::connection_ready(Connection& connection) {
  Node* const node = pool_.find(connection.endpoint());
  if (node == nullptr) return;
  const bool is_first = node->ready++ == 0;
  publish_health();
  if (is_first) notify(Notice::Kind::connected, node->endpoint);
}

void Core::connection_lost(Connection& connection, bool was_ready) {
  Node* const node = pool_.find(connection.endpoint());
  if (node == nullptr) return;
  if (options.is_cluster) refresh_soon();
  const bool is_last = was_ready && --node->ready == 0;
  publish_health();
  if (is_last) notify(Notice::Kind::lost, node->endpoint);
}

awaitable<void> Core::keep_topology() {
  Backoff backoff(kReadGapMs, kReadBackoffMs);
  for (;;) {
    is_refresh_wanted_ = false;
    const bool is_read = co_await read_topology();
    if (is_read) backoff.reset();
    const int64_t gap_ms = is_read ? kReadGapMs : kReadGapMs + backoff.next_ms(random_);
    refresh_timer_.expires_after(std::chrono::milliseconds(gap_ms));
    co_await refresh_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (is_refresh_wanted_ || !is_read) continue;
    is_resting_ = true;
    refresh_timer_.expires_after(std::chrono::milliseconds(options.topology_refresh_ms));
    co_await refresh_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    is_resting_ = false;
  }
}

awaitable<bool> Core::read_topology() {
  const std::vector<Endpoint> candidates = nodes_to_ask();
  for (const Endpoint& node : candidates) {
    const Reply reply = co_await ask_for_slots(node);
    SlotTable table;
    std::string error;
    if (!read_slot_table(reply, node, table, error) || table.masters.empty()) continue;
    counters.topology_reads.fetch_add(1, kRelaxed);
    adopt_table(std::move(table));
    co_return true;
  }
  co_return false;
}

// Those with a connection first, each time another one, so that one with an old view is not asked
// for ever. Then the seeds, and who was a replica, in case all others are gone.
std::vector<Endpoint> Core::nodes_to_ask() {
  std::vector<Endpoint> nodes;
  for (const auto& [endpoint, node] : pool_.nodes()) {
    if (node.ready > 0) nodes.push_back(endpoint);
  }
  if (!nodes.empty()) {
    const auto first = static_cast<std::ptrdiff_t>(rotation_++ % nodes.size());
    std::rotate(nodes.begin(), nodes.begin() + first, nodes.end());
  }
  const auto add = [&nodes](const Endpoint& node) {
    if (std::find(nodes.begin(), nodes.end(), node) == nodes.end()) nodes.push_back(node);
  };
  for (const Endpoint& seed : options.endpoints) add(seed);
  for (const Endpoint& replica : table_.replicas) add(replica);
  return nodes;
}

awaitable<Reply> Core::ask_for_slots(Endpoint node) {
  auto initiate = [this, node](auto handler) {
    auto resume = std::make_shared<decltype(handler)>(std::move(handler));
    Callback callback = [this, resume](std::vector<Reply>&& replies) {
      asio::post(io, [resume, reply = std::move(replies.front())]() mutable {
        std::move (*resume)(std::move(reply));
      });
    };
    CallOptions call;
    call.node = node;
    Request request("", {"CLUSTER", "SLOTS"});
    counters.pending_commands.fetch_add(request.size(), kRelaxed);
    counters.pending_bytes.fetch_add(request.bytes(), kRelaxed);
    auto batch = std::make_shared<Batch>(counters, std::move(request), call, std::move(callback),
                                         monotonic_ns() + kAskTimeoutMs * kNsPerMs);
    batch->is_fail_fast = true;
    adopt(std::move(batch));
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(Reply)>(std::move(initiate),
                                                                          asio::use_awaitable);
}

void Core::adopt_table(SlotTable table) {
  const bool is_changed = table.masters != table_.masters || table.owner != table_.owner;
  // Nodes learn of a move one after the other. What several reads do not confirm is over.
  const bool is_patch_over = patch_reads_left_ > 0 && --patch_reads_left_ == 0;
  table_ = std::move(table);
  if (is_changed || is_patch_over) place_slots();
  if (!is_changed) return;
  ++topology_version_;
  counters.topology_changes.fetch_add(1, kRelaxed);
  publish_health();
  notify(Notice::Kind::topology_changed, {});
  const auto listeners = listeners_;  // one may forget itself
  for (const Listener& listener : listeners) listener.call();
}

void Core::place_slots() {
  std::vector<Node*> masters;
  for (const Endpoint& master : table_.masters) masters.push_back(&pool_.get(master));
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    const uint16_t owner = table_.owner[slot];
    slot_nodes_[slot] = owner == SlotTable::kNobody ? nullptr : masters[owner];
  }
  pool_.retire_all_but({table_.masters.begin(), table_.masters.end()});
}

void Core::publish_health() {
  Health health;
  bool has_failed = false;
  for (const auto& [endpoint, node] : pool_.nodes()) {
    NodeHealth& shown = health.nodes.emplace_back();
    shown.endpoint = endpoint;
    shown.connections = static_cast<uint32_t>(node.connections.size());
    shown.connections_ready = node.ready;
    for (const auto& connection : node.connections) {
      if (!connection->last_error().empty()) shown.last_error = connection->last_error();
    }
    has_failed = has_failed || !shown.last_error.empty();
  }
  const auto is_served = [this](const Node* node) { return node != nullptr && node->ready > 0; };
  std::size_t parts = kSlots;
  std::size_t served = 0;
  if (options.is_cluster) {
    served =
        static_cast<std::size_t>(std::count_if(slot_nodes_.begin(), slot_nodes_.end(), is_served));
  } else {
    parts = 1;
    served = is_served(pool_.find(options.endpoints.front())) ? 1 : 0;
  }
  using State = Health::State;
  health.state = served == parts ? State::ready
                 : served > 0    ? State::degraded
                 : has_failed    ? State::down
                                 : State::connecting;
  health.slots_covered = table_.covered();
  health.topology_version = topology_version_;
  const std::lock_guard lock(health_mutex_);
  health_ = std::move(health);
  masters_ = options.is_cluster ? table_.masters : options.endpoints;
}

void Core::notify(Notice::Kind kind, const Endpoint& node) {
  if (on_notice_) on_notice_({kind, node});
}

}  // namespace perpetua::redis
