// MetricFamilies: figures in the form that /metrics shows. A value; included by sources only.
#pragma once

#include <prometheus/metric_family.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "runtime/metrics.hpp"
#include "stores/views.hpp"

namespace perpetua::app {

class MetricFamilies {
 public:
  void gauge(const char* name, const char* help, uint64_t value) {
    add(name, help, prometheus::MetricType::Gauge).gauge.value = static_cast<double>(value);
  }
  void counter(const char* name, const char* help, uint64_t value) {
    add(name, help, prometheus::MetricType::Counter).counter.value = static_cast<double>(value);
  }
  // A table of figures of one type.
  struct Row {
    const char* name;
    const char* help;
    uint64_t value;
  };
  void gauges(std::initializer_list<Row> rows) {
    for (const Row& row : rows) gauge(row.name, row.help, row.value);
  }
  void counters(std::initializer_list<Row> rows) {
    for (const Row& row : rows) counter(row.name, row.help, row.value);
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
    powers_of_two(name, help, values.buckets.size(), values.sum, unit,
                  [&](std::size_t bucket) { return values.buckets[bucket]; });
  }
  // `count_of(bucket)`: values below 2^bucket.
  template <class CountOf>
  void powers_of_two(const char* name, const char* help, std::size_t buckets, uint64_t sum,
                     double unit, const CountOf& count_of) {
    prometheus::ClientMetric& metric = add(name, help, prometheus::MetricType::Histogram);
    uint64_t cumulative = 0;
    for (std::size_t i = 0; i < buckets; ++i) {
      cumulative += count_of(i);
      metric.histogram.bucket.push_back({cumulative, static_cast<double>(uint64_t{1} << i) * unit});
    }
    metric.histogram.sample_count = cumulative;
    metric.histogram.sample_sum = static_cast<double>(sum) * unit;
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
  void counter_per_label(const char* name, const char* help, const char* label,
                         const std::vector<uint64_t>& counts) {
    prometheus::MetricFamily family{name, help, prometheus::MetricType::Counter, {}};
    for (std::size_t i = 0; i < counts.size(); ++i) {
      prometheus::ClientMetric& metric = family.metric.emplace_back();
      metric.label.push_back({label, std::to_string(i)});
      metric.counter.value = static_cast<double>(counts[i]);
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
