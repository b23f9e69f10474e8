#include "roles/merged_metrics.hpp"

#include <prometheus/metric_family.h>

#include <set>
#include <string>

namespace perpetua::app {

std::vector<prometheus::MetricFamily> MergedMetrics::Collect() const {
  std::vector<prometheus::MetricFamily> merged;
  std::set<std::string> names;
  for (const prometheus::Collectable* part : parts_) {
    for (prometheus::MetricFamily& family : part->Collect()) {
      if (names.insert(family.name).second) merged.push_back(std::move(family));
    }
  }
  return merged;
}

}  // namespace perpetua::app
