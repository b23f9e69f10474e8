// LoadOptions: everything `perpetua load` can be told, and what is wrong with it.
//
// The application fills it from the command line; validate() names the first setting that is wrong,
// its value and the allowed range. Values; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace perpetua::load {

enum class TransportKind : uint8_t { http, ws };

struct LoadOptions {
  uint32_t agents = 50;
  uint32_t rate_per_s = 100;  // orders a second over all agents; 0 = closed loop ("max")
  uint32_t duration_s = 10;
  TransportKind transport = TransportKind::http;
  uint32_t batch = 1;        // orders in one request
  uint32_t connections = 0;  // http: 0 = one per agent, at most 64; ws: always one per agent
  std::vector<std::string> markets;  // empty: every market of the exchange
  std::string url = "http://127.0.0.1:8082";
  std::string operator_key;      // deposits in production mode; sandbox uses the faucet
  uint32_t fund_usdc = 10'000;   // each agent
  uint32_t timeout_ms = 10'000;  // a reply that takes longer is an error
  uint64_t seed = 1;
  bool allow_remote = false;  // targets that are not loopback
};

inline constexpr uint32_t kAgentsMax = 100'000;
inline constexpr uint32_t kRateMax = 1'000'000;
inline constexpr uint32_t kDurationMaxS = 3'600;
inline constexpr uint32_t kConnectionsMax = 20'000;
inline constexpr uint32_t kConnectionsDefaultMax = 64;

// The empty optional means valid.
std::optional<std::string> validate(const LoadOptions& options);

// Connections that will be opened for orders.
uint32_t connection_count(const LoadOptions& options);

// "1000" or "max" (0); nothing for other text.
std::optional<uint32_t> parse_rate(std::string_view text);

struct Target {
  std::string host;
  std::string port;
};

// http://host[:port][/] or ws://host[:port][/...]; nothing for other text, https and wss included:
// TLS ends at the proxy, which is not what this measures.
std::optional<Target> parse_url(std::string_view url);

}  // namespace perpetua::load
