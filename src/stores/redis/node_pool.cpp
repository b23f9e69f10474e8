#include "stores/redis/node_pool.hpp"

#include <algorithm>

namespace perpetua::redis {

Connection& Node::pick(uint32_t lane) const {
  if (lane != kAnyLane) return *connections[lane % connections.size()];
  const auto is_better = [](const auto& left, const auto& right) {
    const bool is_left_ready = left->state() == Connection::State::ready;
    const bool is_right_ready = right->state() == Connection::State::ready;
    if (is_left_ready != is_right_ready) return is_left_ready;
    if (left->state() != right->state()) return left->state() == Connection::State::connecting;
    return left->owed() < right->owed();
  };
  return **std::min_element(connections.begin(), connections.end(), is_better);
}

Node& NodePool::get(const Endpoint& endpoint) {
  const auto [found, is_new] = nodes_.try_emplace(endpoint);
  Node& node = found->second;
  if (!is_new) return node;
  node.endpoint = endpoint;
  for (uint32_t i = 0; i < setup_.options.connections_per_node; ++i) {
    node.connections.push_back(std::make_shared<Connection>(setup_, owner_, endpoint));
    node.connections.back()->start();
  }
  return node;
}

Node* NodePool::find(const Endpoint& endpoint) {
  const auto found = nodes_.find(endpoint);
  return found == nodes_.end() ? nullptr : &found->second;
}

void NodePool::retire_all_but(const std::set<Endpoint>& kept) {
  std::erase_if(retired_, [](const auto& connection) { return connection.expired(); });
  std::vector<std::shared_ptr<Connection>> leaving;
  for (auto node = nodes_.begin(); node != nodes_.end();) {
    if (kept.contains(node->first)) {
      ++node;
      continue;
    }
    for (auto& connection : node->second.connections) leaving.push_back(std::move(connection));
    node = nodes_.erase(node);
  }
  // Last, because what it gives back is sent again and looks for its node.
  for (const auto& connection : leaving) {
    retired_.push_back(connection);
    connection->retire();
  }
}

void NodePool::close() {
  for (const auto& [endpoint, node] : nodes_) {
    for (const auto& connection : node.connections) connection->close();
  }
  for (const auto& weak : retired_) {
    if (const auto connection = weak.lock()) connection->close();
  }
}

bool NodePool::close_stalled(int64_t before_ns) {
  bool is_owing = false;
  const auto look_at = [&](Connection& connection) {
    connection.close_if_stalled(before_ns);
    is_owing = is_owing || connection.has_in_flight();
  };
  for (const auto& [endpoint, node] : nodes_) {
    for (const auto& connection : node.connections) look_at(*connection);
  }
  for (const auto& weak : retired_) {
    if (const auto connection = weak.lock()) look_at(*connection);
  }
  return is_owing;
}

}  // namespace perpetua::redis
