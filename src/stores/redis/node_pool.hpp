// NodePool: the nodes in use and the fixed number of connections to each.
//
// On the client's thread. Included by sources only (Asio).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "stores/redis/connection.hpp"

namespace perpetua::redis {

struct Node {
  Endpoint endpoint;
  std::vector<std::shared_ptr<Connection>> connections;
  uint32_t ready = 0;

  // The connection of a lane; of kAnyLane the ready one that owes least.
  Connection& pick(uint32_t lane) const;
};

class NodePool {
 public:
  NodePool(const LinkSetup& setup, ConnectionOwner& owner) : setup_(setup), owner_(owner) {}

  void use_tls(boost::asio::ssl::context& tls) { setup_.tls = &tls; }  // before the first get()
  Node& get(const Endpoint& endpoint);                                 // made if it is not there
  Node* find(const Endpoint& endpoint);
  void retire_all_but(const std::set<Endpoint>& kept);
  void close();

  // Ends the links that owe replies since `before_ns`; false if no connection owes any.
  bool close_stalled(int64_t before_ns);

  const std::map<Endpoint, Node>& nodes() const { return nodes_; }  // a node stays where it is

 private:
  LinkSetup setup_;
  ConnectionOwner& owner_;
  std::map<Endpoint, Node> nodes_;
  std::vector<std::weak_ptr<Connection>> retired_;  // they still owe replies
};

}  // namespace perpetua::redis
