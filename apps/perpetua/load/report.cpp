#include "load/report.hpp"

#include <fmt/format.h>

#include "base/units.hpp"

namespace perpetua::load {

namespace {

constexpr int64_t kP50 = 500'000;
constexpr int64_t kP99 = 990'000;
constexpr int64_t kP999 = 999'000;

}  // namespace

int64_t LoadResult::rate_per_s() const {
  if (elapsed_ns <= 0) return 0;
  return mul_div_floor(static_cast<int64_t>(ok + rejected), 1'000'000'000, elapsed_ns);
}

std::string milliseconds_text(int64_t ns) {
  return fmt::format("{}.{:03}", ns / 1'000'000, ns / 1'000 % 1'000);
}

std::string table_text(const LoadResult& result) {
  std::string out;
  const auto row = [&out](std::string_view name, const auto& value) {
    out += fmt::format("  {:<22}{:>14}\n", name, value);
  };
  row("agents", result.agents);
  row("connected", result.connected);
  row("orders sent", result.sent);
  row("ok", result.ok);
  row("rejected (coded)", result.rejected);
  row("errors", result.errors);
  row("replies a second", result.rate_per_s());
  row("p50 ms", milliseconds_text(result.latency.percentile_ns(kP50)));
  row("p99 ms", milliseconds_text(result.latency.percentile_ns(kP99)));
  row("p99.9 ms", milliseconds_text(result.latency.percentile_ns(kP999)));
  row("max ms", milliseconds_text(result.latency.max_ns()));
  return out;
}

std::string json_line(const LoadResult& result) {
  return fmt::format(
      "{{\"agents\":{},\"connected\":{},\"sent\":{},\"ok\":{},\"rejected\":{},\"errors\":{},"
      "\"rate_per_s\":{},\"p50_ms\":{},\"p99_ms\":{},\"p999_ms\":{},\"max_ms\":{}}}",
      result.agents, result.connected, result.sent, result.ok, result.rejected, result.errors,
      result.rate_per_s(), milliseconds_text(result.latency.percentile_ns(kP50)),
      milliseconds_text(result.latency.percentile_ns(kP99)),
      milliseconds_text(result.latency.percentile_ns(kP999)),
      milliseconds_text(result.latency.max_ns()));
}

}  // namespace perpetua::load
