// RuntimeMetricsSource: figures of runtime, hot store and history for /metrics; the history may be
// null, where another process writes it.
// Thread-safety: Collect() by any thread; it only reads counters.
#pragma once

#include <prometheus/collectable.h>

#include "runtime/runtime.hpp"
#include "stores/history/history_projection.hpp"
#include "stores/memory/hot_store.hpp"

namespace perpetua::app {

class MetricFamilies;

// What any process with a hot store can tell.
void add_state_metrics(MetricFamilies& out, const stores::HotStore& hot);

class RuntimeMetricsSource final : public prometheus::Collectable {
 public:
  RuntimeMetricsSource(const runtime::Runtime& runtime, const stores::HotStore& hot,
                       const stores::HistoryProjection* history)
      : runtime_(runtime), hot_(hot), history_(history) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const runtime::Runtime& runtime_;
  const stores::HotStore& hot_;
  const stores::HistoryProjection* const history_;
};

}  // namespace perpetua::app
