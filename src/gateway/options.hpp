// ServerOptions: everything an operator can set about the gateway. Values are checked where they
// are read (command line, configuration file); the gateway takes them as they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace perpetua::gateway {

enum class Mode : uint8_t { sandbox, production };

// Which paths a process serves; others that exist are `not_served_here`.
enum class ServedPaths : uint8_t {
  full,
  sockets,  // /ws, and those of status
  status,   // health, readiness, metrics
};

// A token bucket: `per_second` tokens flow in, at most `burst` are kept. per_second 0 = no limit.
struct Budget {
  uint32_t per_second = 0;
  uint32_t burst = 0;
};

struct RateOptions {
  Budget agent_mutations{10, 20};
  Budget agent_cancels{10, 20};  // apart, so that a busy agent can always cancel
  Budget agent_reads{50, 100};
  Budget address_reads{50, 100};  // requests without a key
  Budget address_registrations{2, 20};
  Budget global_mutations{1'000, 1'000};
};

// The root API (docs/hub-api.md).
struct HubOptions {
  std::string token_secret;            // signs JSON Web Tokens; empty: random
  uint32_t intents_per_second = 50;    // POST /intents of one agent, sliding second; 0 = no limit
  uint32_t mutations_per_second = 50;  // every other mutation of one agent; 0 = no limit
  // Bracket of an intent that opens a position and has none: from the mark, in ppm; 0 = without.
  int64_t stop_loss_ppm = 100'000;
  int64_t take_profit_ppm = 200'000;
  bool has_wallet_login = true;
  std::vector<std::string> cors_origins;  // "https://app.example"
};

struct ServerOptions {
  std::string listen_address = "127.0.0.1";
  uint16_t port = 8082;  // 0 = any free one, see Server::port()
  unsigned io_threads = 1;

  uint32_t connections_max = 20'000;             // 0 = no limit
  uint32_t connections_per_address_max = 1'024;  // 0 = no limit
  int64_t header_timeout_ms = 5'000;             // from the first byte of a request to its end
  int64_t idle_timeout_ms = 30'000;              // between requests
  int64_t write_timeout_ms = 10'000;             // a client that does not read its reply
  int64_t history_wait_ms = 2'000;  // a read of history waits so long for what was acknowledged
  int64_t stop_timeout_ms = 5'000;  // stop() waits so long for replies in flight
  // Before that, stop() drains for so long, or until the last connection has ended: no new
  // connections, each open one ends with its next answer, WebSockets are told to go elsewhere
  // (1012). Longer than a proxy in front keeps an idle connection, so that none is closed while a
  // request is on its way. 0: not at all.
  int64_t drain_ms = 0;
  ServedPaths served_paths = ServedPaths::full;
  // Networks ("10.0.0.0/8", "::1"): a peer in one is believed who its client is. See ClientAddress.
  std::vector<std::string> trusted_proxies;

  Mode mode = Mode::sandbox;
  std::string operator_key;  // empty: no operator requests are accepted
  // Makes repeated registrations recognisable: keep it over restarts. Empty: random, see
  // ApiKeySource.
  std::string key_secret;
  int64_t start_balance_micro = 0;        // sandbox: balance of a new agent
  uint32_t margin_use_max_ppm = 800'000;  // as the exchange was configured: for previews
  bool takes_prices = true;         // false: prices have another source, posted ones are refused
  uint32_t index_sources_min = 1;  // fresh sources a posted index needs
  RateOptions rates;
  HubOptions hub;
  std::string version = "0.1.0";
};

// Wire limits, documented in docs/api.md.
inline constexpr std::size_t kBodyBytesMax = 64 * 1024;
inline constexpr std::size_t kHeaderBytesMax = 8 * 1024;
inline constexpr std::size_t kJsonDepthMax = 6;
inline constexpr std::size_t kOperatorKeyBytesMin = 32;
inline constexpr std::size_t kIdempotencyKeyBytesMax = 128;
inline constexpr int64_t kSourceTimeAheadMaxMs = 2'000;  // clocks of operator and exchange differ
inline constexpr uint32_t kPageItemsDefault = 50;
inline constexpr uint32_t kPageItemsMax = 500;

}  // namespace perpetua::gateway
