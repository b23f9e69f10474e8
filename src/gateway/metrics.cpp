#include "gateway/metrics.hpp"

#include <limits>

namespace perpetua::gateway {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::string_view kStatusNames[] = {"2xx", "4xx", "429", "5xx"};

std::size_t status_index(int status) {
  if (status < 400) return 0;
  if (status >= 500) return 3;
  return status == 429 ? 2 : 1;
}

MetricFamily family(std::string name, std::string help, MetricType type) {
  MetricFamily result;
  result.name = std::move(name);
  result.help = std::move(help);
  result.type = type;
  return result;
}

MetricFamily single(std::string name, std::string help, MetricType type, double value) {
  MetricFamily result = family(std::move(name), std::move(help), type);
  ClientMetric metric;
  if (type == MetricType::Counter)
    metric.counter.value = value;
  else
    metric.gauge.value = value;
  result.metric.push_back(metric);
  return result;
}

}  // namespace

GatewayMetrics::GatewayMetrics(const FailureLog& failures, std::span<const Endpoint> endpoints)
    : failures_(failures),
      endpoints_(endpoints),
      rows_(std::make_unique<Row[]>(endpoints.size() + 1)) {}

void GatewayMetrics::count(const Endpoint* endpoint, int status, int64_t duration_ns) {
  const std::size_t row =
      endpoint == nullptr ? endpoints_.size() : static_cast<std::size_t>(endpoint - &endpoints_[0]);
  rows_[row].counts[status_index(status)].fetch_add(1, std::memory_order_relaxed);
  const bool is_mutation = endpoint != nullptr && endpoint->prepare != nullptr;
  Histogram& histogram = durations_[is_mutation ? 1 : 0];
  std::size_t bucket = 0;
  while (bucket < kBoundsUs.size() && duration_ns > kBoundsUs[bucket] * 1'000) ++bucket;
  histogram.buckets[bucket].fetch_add(1, std::memory_order_relaxed);
  histogram.sum_ns.fetch_add(static_cast<uint64_t>(duration_ns), std::memory_order_relaxed);
}

std::vector<MetricFamily> GatewayMetrics::Collect() const {
  std::vector<MetricFamily> families;
  families.push_back(collect_requests());
  families.push_back(collect_durations());
  families.push_back(single("perpetua_http_connections", "Open HTTP and WebSocket connections",
                            MetricType::Gauge, static_cast<double>(connections.load())));
  families.push_back(single("perpetua_http_connections_refused_total",
                            "Connections closed at once, over a limit", MetricType::Counter,
                            static_cast<double>(connections_refused.load())));
  families.push_back(single("perpetua_websocket_connections", "Open WebSocket connections",
                            MetricType::Gauge, static_cast<double>(websockets.load())));
  families.push_back(single("perpetua_gateway_failures_total",
                            "Requests and connections that an exception ended",
                            MetricType::Counter, static_cast<double>(failures_.failures())));
  return families;
}

MetricFamily GatewayMetrics::collect_requests() const {
  MetricFamily result = family("perpetua_http_requests_total",
                               "Requests answered, by endpoint and status", MetricType::Counter);
  for (std::size_t row = 0; row <= endpoints_.size(); ++row) {
    const std::string name(row == endpoints_.size() ? "unknown" : endpoints_[row].name);
    for (std::size_t i = 0; i < kStatuses; ++i) {
      const uint64_t count = rows_[row].counts[i].load(std::memory_order_relaxed);
      if (count == 0) continue;
      ClientMetric metric;
      metric.label = {{"endpoint", name}, {"status", std::string(kStatusNames[i])}};
      metric.counter.value = static_cast<double>(count);
      result.metric.push_back(std::move(metric));
    }
  }
  return result;
}

MetricFamily GatewayMetrics::collect_durations() const {
  MetricFamily result =
      family("perpetua_http_request_seconds",
             "From the last byte of the request to the reply being ready", MetricType::Histogram);
  for (std::size_t kind = 0; kind < durations_.size(); ++kind) {
    const Histogram& histogram = durations_[kind];
    ClientMetric metric;
    metric.label = {{"kind", kind == 0 ? "read" : "mutation"}};
    uint64_t total = 0;
    for (std::size_t i = 0; i <= kBoundsUs.size(); ++i) {
      total += histogram.buckets[i].load(std::memory_order_relaxed);
      const double bound = i == kBoundsUs.size() ? std::numeric_limits<double>::infinity()
                                                 : static_cast<double>(kBoundsUs[i]) / 1e6;
      metric.histogram.bucket.push_back({total, bound});
    }
    metric.histogram.sample_count = total;
    metric.histogram.sample_sum =
        static_cast<double>(histogram.sum_ns.load(std::memory_order_relaxed)) / 1e9;
    result.metric.push_back(std::move(metric));
  }
  return result;
}

}  // namespace perpetua::gateway
