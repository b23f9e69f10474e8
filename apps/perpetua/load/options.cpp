#include "load/options.hpp"

#include <algorithm>
#include <charconv>

#include "base/limits.hpp"

namespace perpetua::load {

namespace {

std::optional<std::string> out_of_range(const char* name, uint64_t value, uint64_t low,
                                        uint64_t high) {
  if (value >= low && value <= high) return std::nullopt;
  return std::string(name) + " is " + std::to_string(value) + ", allowed is " +
         std::to_string(low) + " to " + std::to_string(high);
}

}  // namespace

std::optional<std::string> validate(const LoadOptions& options) {
  const std::optional<std::string> ranges[] = {
      out_of_range("--agents", options.agents, 1, kAgentsMax),
      out_of_range("--rate", options.rate_per_s, 0, kRateMax),
      out_of_range("--duration", options.duration_s, 1, kDurationMaxS),
      out_of_range("--batch", options.batch, 1, limits::kOrdersPerRequestMax),
      out_of_range("--connections", options.connections, 0, kConnectionsMax),
      out_of_range("--fund", options.fund_usdc, 1, limits::kFaucetPerDayMicro / 1'000'000),
      out_of_range("--timeout", options.timeout_ms, 10, 600'000),
  };
  for (const auto& range : ranges) {
    if (range) return range;
  }
  if (!parse_url(options.url)) {
    return "--url is `" + options.url + "`, allowed is http://host[:port] or ws://host[:port]";
  }
  if (options.transport == TransportKind::ws) {
    if (options.connections != 0 && options.connections != options.agents) {
      return "--connections is " + std::to_string(options.connections) +
             ", but over ws every agent has its own connection: leave it out";
    }
    return out_of_range("--agents over ws", options.agents, 1, kConnectionsMax);
  }
  return std::nullopt;
}

uint32_t connection_count(const LoadOptions& options) {
  if (options.transport == TransportKind::ws) return options.agents;
  if (options.connections != 0) return options.connections;
  return std::min(options.agents, kConnectionsDefaultMax);
}

std::optional<uint32_t> parse_rate(std::string_view text) {
  if (text == "max") return 0;
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Target> parse_url(std::string_view url) {
  for (const std::string_view scheme : {"http://", "ws://"}) {
    if (!url.starts_with(scheme)) continue;
    url.remove_prefix(scheme.size());
    const std::string_view authority = url.substr(0, url.find('/'));
    const std::size_t colon = authority.rfind(':');
    const bool has_port = colon != std::string_view::npos && authority.back() != ']';
    Target target{std::string(authority.substr(0, has_port ? colon : authority.size())),
                  has_port ? std::string(authority.substr(colon + 1)) : "80"};
    if (target.host.size() > 2 && target.host.front() == '[' && target.host.back() == ']') {
      target.host = target.host.substr(1, target.host.size() - 2);
    }
    const auto port = parse_rate(target.port);
    if (target.host.empty() || !port || *port == 0 || *port > 65'535) return std::nullopt;
    return target;
  }
  return std::nullopt;
}

}  // namespace perpetua::load
