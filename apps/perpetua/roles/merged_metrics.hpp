// MergedMetrics: the figures of several parts of one process. A name may stand only once on
// /metrics: of a figure that two parts have, the first one's is shown.
// Thread-safety: Collect() by any thread; the parts outlive it.
#pragma once

#include <prometheus/collectable.h>

#include <vector>

namespace perpetua::app {

class MergedMetrics final : public prometheus::Collectable {
 public:
  explicit MergedMetrics(std::vector<const prometheus::Collectable*> parts)
      : parts_(std::move(parts)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::vector<const prometheus::Collectable*> parts_;
};

}  // namespace perpetua::app
