// Options: where Redis is and how the client behaves, read from REDIS_URL.
//
//   redis://[[user]:password@]host[:port][/database][?option=value&…]     one server
//   redis+cluster://[[user]:password@]host[:port],host[:port]…[?…]       a Cluster, by its seeds
//   rediss://, rediss+cluster://                                          the same over TLS
//
// Two or more hosts are a Cluster, whatever the scheme. An IPv6 address stands in brackets; user
// and password are percent-decoded. Query options: ca_file, cert_file, key_file, verify=peer|none,
// connections, connect_timeout_ms, request_timeout_ms.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace perpetua::redis {

struct Endpoint {
  std::string host;
  uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;
};

std::string to_string(const Endpoint& endpoint);  // "127.0.0.1:6379", "[::1]:6379"

struct Options {
  std::vector<Endpoint> endpoints;  // the server, or the seeds of the Cluster
  bool is_cluster = false;
  std::string user;  // empty with a password: the default user
  std::string password;
  uint32_t database = 0;  // a Cluster has only 0
  std::string client_name = "perpetua";

  bool use_tls = false;
  bool verify_peer = true;  // certificate chain and host name
  std::string ca_file;      // empty: the system's authorities
  std::string cert_file;    // of the client, PEM; empty: none
  std::string key_file;

  uint32_t connections_per_node = 2;
  int64_t connect_timeout_ms = 2'000;  // resolving, TCP, TLS, AUTH together
  int64_t request_timeout_ms = 1'000;  // where a call names none
  int64_t stall_timeout_ms = 5'000;    // a connection that owes replies and sends none is closed;
                                       // one that is idle for half of it gets a PING
  int64_t backoff_min_ms = 20;         // reconnect after U(0, min(max, min × 2^attempt))
  int64_t backoff_max_ms = 2'000;
  int64_t topology_refresh_ms = 10'000;  // and after every redirect or lost connection

  // Bounds of one client: what is accepted and has not left. Beyond them: `overloaded`.
  uint32_t commands_max = 1u << 17;
  std::size_t bytes_max = 64u << 20;
  std::size_t reply_bytes_max = 64u << 20;  // one reply; a longer one ends the connection
};

// Nothing, and why in `error`, if the URL is not understood. The text never holds the password.
std::optional<Options> parse_url(std::string_view url, std::string& error);

}  // namespace perpetua::redis
