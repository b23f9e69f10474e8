#include "load/agents/agents_options.hpp"

namespace perpetua::load {

namespace {

std::optional<std::string> above(const char* name, uint64_t value, uint64_t high) {
  if (value <= high) return std::nullopt;
  return std::string(name) + " is " + std::to_string(value) + ", allowed is at most " +
         std::to_string(high);
}

}  // namespace

std::optional<std::string> validate(const AgentsOptions& options) {
  if (const auto wrong = validate(options.load)) return wrong;
  if (options.load.rate_per_s == 0) {
    return "--rate is 0, but orders of `load agents` are due by the clock: 1 or more";
  }
  const std::optional<std::string> ranges[] = {
      above("--agents", options.load.agents, kConnectionsMax),
      above("--market-data", options.market_data, options.load.agents),
      above("--retry-ms", options.retry_ms, options.load.timeout_ms),
      above("--retry-pause-ms", options.retry_pause_ms, options.load.timeout_ms),
  };
  for (const auto& range : ranges) {
    if (range) return range;
  }
  return std::nullopt;
}

uint32_t order_connections(const AgentsOptions& options) {
  return options.load.connections != 0 ? options.load.connections : kOrderConnectionsDefault;
}

}  // namespace perpetua::load
