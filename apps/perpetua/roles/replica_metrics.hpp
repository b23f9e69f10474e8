// Figures of a replica for /metrics: what it follows, from where, and how far behind.
#pragma once

#include "roles/replica.hpp"

namespace perpetua::app {

class MetricFamilies;
void add_replica_metrics(MetricFamilies& out, const Replica& replica);

}  // namespace perpetua::app
