// GatewayMetrics: counters and latencies of the gateway, shown by /metrics.
//
//   perpetua_http_requests_total{endpoint,status}    status: 2xx, 4xx, 429, 5xx
//   perpetua_http_request_seconds{kind}              histogram; kind: read, mutation
//   perpetua_http_connections, perpetua_http_connections_refused_total
//   perpetua_websocket_connections
//   perpetua_gateway_failures_total                  requests and connections an exception ended
//
// Thread-safety: any thread; relaxed atomics, no lock on the request path. Endpoint names are the
// only label values, so the number of series is bounded.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "gateway/failure_log.hpp"
#include "gateway/http/endpoint.hpp"

namespace perpetua::gateway {

class GatewayMetrics final : public prometheus::Collectable {
 public:
  explicit GatewayMetrics(const FailureLog& failures,
                          std::span<const Endpoint> endpoints = served_endpoints());

  // endpoint null: no route was found.
  void count(const Endpoint* endpoint, int status, int64_t duration_ns);

  std::atomic<int64_t> connections{0};
  std::atomic<uint64_t> connections_refused{0};
  std::atomic<int64_t> websockets{0};

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  static constexpr std::size_t kStatuses = 4;
  static constexpr std::array<int64_t, 12> kBoundsUs = {
      100, 250, 500, 1'000, 2'500, 5'000, 10'000, 25'000, 50'000, 100'000, 250'000, 1'000'000};
  struct Row {
    std::array<std::atomic<uint64_t>, kStatuses> counts{};
  };
  struct Histogram {
    std::array<std::atomic<uint64_t>, kBoundsUs.size() + 1> buckets{};
    std::atomic<uint64_t> sum_ns{0};
  };

  prometheus::MetricFamily collect_requests() const;
  prometheus::MetricFamily collect_durations() const;

  const FailureLog& failures_;
  const std::span<const Endpoint> endpoints_;
  std::unique_ptr<Row[]> rows_;         // one per endpoint, the last for unknown paths
  std::array<Histogram, 2> durations_;  // read, mutation
};

}  // namespace perpetua::gateway
