// What the client shows of itself: counters for metrics, the state of its nodes, and notices.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "stores/redis/options.hpp"

namespace perpetua::redis {

// Relaxed atomics, written by the client, read by anybody. All but the gauges only grow.
struct Counters {
  std::atomic<uint64_t> commands{0};  // sent; a repeat counts again
  std::atomic<uint64_t> replies{0};
  std::atomic<uint64_t> error_replies{0};  // errors handed to a caller
  std::atomic<uint64_t> late_replies{0};   // their caller had given up
  std::atomic<uint64_t> overloaded{0};     // commands ended by each Failure
  std::atomic<uint64_t> unavailable{0};
  std::atomic<uint64_t> unknown{0};
  std::atomic<uint64_t> stopped{0};
  std::atomic<uint64_t> connects{0};
  std::atomic<uint64_t> connect_failures{0};
  std::atomic<uint64_t> disconnects{0};
  std::atomic<uint64_t> stalls{0};  // disconnects for want of replies
  std::atomic<uint64_t> pings{0};   // of idle connections; not among commands and replies
  std::atomic<uint64_t> moved{0};
  std::atomic<uint64_t> ask{0};
  std::atomic<uint64_t> try_again{0};  // TRYAGAIN, LOADING, MASTERDOWN, READONLY
  std::atomic<uint64_t> cluster_down{0};
  std::atomic<uint64_t> scripts_sent{0};  // EVAL after NOSCRIPT
  std::atomic<uint64_t> topology_reads{0};
  std::atomic<uint64_t> topology_changes{0};
  std::atomic<uint64_t> bytes_sent{0};
  std::atomic<uint64_t> bytes_received{0};
  std::atomic<uint64_t> pending_commands{0};  // gauges: accepted and not yet left
  std::atomic<uint64_t> pending_bytes{0};
};

struct NodeHealth {
  Endpoint endpoint;
  uint32_t connections = 0;  // that could serve
  uint32_t connections_ready = 0;
  std::string last_error;  // of the connection that failed last; empty: none since it is ready
};

struct Health {
  enum class State : uint8_t { stopped, connecting, ready, degraded, down };
  State state = State::stopped;  // ready: every slot has a node with a connection; down: none has
  std::vector<NodeHealth> nodes;
  uint32_t slots_covered = 0;     // of a Cluster: slots with a node
  uint64_t topology_version = 0;  // changes with every change of the slot table
};

const char* to_string(Health::State state);

struct Notice {
  enum class Kind : uint8_t {
    connected,         // a node can be used: after start, and after every time it was lost
    lost,              // no connection to it is left: its data may be another one's when it is back
    topology_changed,  // slots have other owners
  };
  Kind kind = Kind::connected;
  Endpoint node;
};

}  // namespace perpetua::redis
