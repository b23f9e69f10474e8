#include "roles/replica_metrics.hpp"

#include "metric_families.hpp"

namespace perpetua::app {

void add_replica_metrics(MetricFamilies& out, const Replica& replica) {
  const cluster::BatchFeedStatus feed = replica.feed_status();
  const runtime::FollowerMetrics follower = replica.follower_metrics();
  out.gauges({
      {"perpetua_cluster_epoch", "of the newest batch", follower.epoch},
      {"perpetua_applied_batch", "last batch the engine has applied", follower.last_batch},
      {"perpetua_cluster_known_batch", "newest batch heard of", feed.known_batch},
      {"perpetua_cluster_lag_batches", "heard of and not applied",
       feed.known_batch > feed.last_batch ? feed.known_batch - feed.last_batch : 0},
      {"perpetua_cluster_heard_ms_ago", "since the last message of the engine that leads",
       static_cast<uint64_t>(std::max<int64_t>(feed.heard_ms_ago, 0))},
      {"perpetua_cluster_silent", "1: no engine is heard", feed.is_silent},
      {"perpetua_cluster_source", "of batches: 0 live, 1 log, 2 journal table",
       static_cast<uint64_t>(feed.source)},
      {"perpetua_cluster_failed", "1: this process cannot follow any more", feed.has_failed},
      {"perpetua_snapshot_batch", "batch of the newest snapshot", follower.snapshot_batch},
  });
  out.counters({
      {"perpetua_cluster_batches_total", "batches applied", follower.batches},
      {"perpetua_cluster_messages_total", "messages with batches", feed.messages},
      {"perpetua_cluster_gaps_total", "gaps that did not close by themselves", feed.gaps},
      {"perpetua_cluster_log_batches_total", "applied from the logs", feed.log_batches},
      {"perpetua_cluster_table_batches_total", "applied from the journal table",
       feed.table_batches},
      {"perpetua_cluster_refused_total", "messages and records that do not fit", feed.refused},
      {"perpetua_snapshots_total", "snapshots completed", follower.snapshots},
  });
}

}  // namespace perpetua::app
