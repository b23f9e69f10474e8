// Families: metrics of one scrape, put together by name. Not thread-safe.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

#include "runtime/metrics.hpp"
#include "stores/views.hpp"

namespace perpetua::app {

class Families {
 public:
  void gauge(const char* name, const char* help, uint64_t value) {
    add(name, help, prometheus::MetricType::Gauge).gauge.value = static_cast<double>(value);
  }
  void counter(const char* name, const char* help, uint64_t value) {
    add(name, help, prometheus::MetricType::Counter).counter.value = static_cast<double>(value);
  }
  // One figure of each market.
  template <class Figure>
  void per_market(const char* name, const char* help,
                  const std::vector<stores::MarketView>& markets, const Figure& figure) {
    prometheus::MetricFamily family{name, help, prometheus::MetricType::Gauge, {}};
    for (const stores::MarketView& market : markets) {
      prometheus::ClientMetric& metric = family.metric.emplace_back();
      metric.label.push_back({"market", std::string(symbol_view(market.spec))});
      metric.gauge.value = figure(market);
    }
    families_.push_back(std::move(family));
  }
  // Buckets by powers of two; `unit` is the value of one.
  void histogram(const char* name, const char* help, const runtime::HistogramValues& values,
                 double unit) {
    prometheus::ClientMetric& metric = add(name, help, prometheus::MetricType::Histogram);
    metric.histogram.sample_count = values.count;
    metric.histogram.sample_sum = static_cast<double>(values.sum) * unit;
    uint64_t cumulative = 0;
    for (std::size_t i = 0; i < values.buckets.size(); ++i) {
      cumulative += values.buckets[i];
      metric.histogram.bucket.push_back({cumulative, static_cast<double>(uint64_t{1} << i) * unit});
    }
  }
  // One figure of each of something that `label` names.
  template <class Rows, class Figure>
  void per_label(const char* name, const char* help, const char* label, const Rows& rows,
                 const Figure& figure) {
    prometheus::MetricFamily family{name, help, prometheus::MetricType::Gauge, {}};
    for (std::size_t i = 0; i < rows.size(); ++i) {
      prometheus::ClientMetric& metric = family.metric.emplace_back();
      metric.label.push_back({label, std::to_string(i)});
      metric.gauge.value = figure(rows[i]);
    }
    families_.push_back(std::move(family));
  }
  std::vector<prometheus::MetricFamily> take() { return std::move(families_); }

 private:
  prometheus::ClientMetric& add(const char* name, const char* help, prometheus::MetricType type) {
    prometheus::MetricFamily family;
    family.name = name;
    family.help = help;
    family.type = type;
    family.metric.emplace_back();
    families_.push_back(std::move(family));
    return families_.back().metric.back();
  }

  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace perpetua::app
