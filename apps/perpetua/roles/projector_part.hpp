// ProjectorPart: what one process of an exchange writes for all: the history in PostgreSQL, the
// state in Redis (docs/redis.md), snapshots in the journal's database.
//
// Order: made once the replica is open; recover() through it; connect() after the hot store's
// bootstrap; start() after following has begun; stop() after it has ended.
// Every batch is written into the history exactly once: what is missing comes with the recovery,
// or, if the database was away, from the journal later, as in the single process.
// Thread-safety: one owner; degraded() and Collect() by any thread.
#pragma once

#include <prometheus/collectable.h>

#include <memory>
#include <string>

#include "history_service.hpp"
#include "roles/history_news.hpp"
#include "roles/replica.hpp"
#include "stores/projection/projector.hpp"

namespace perpetua::app {

class SnapshotPublisher;

class ProjectorPart final : public runtime::EgressListener, public prometheus::Collectable {
 public:
  ProjectorPart(const Settings& settings, const std::string& data_dir, Replica& replica,
                redis::Client& client);
  ~ProjectorPart() override;

  void recover();
  void warm_start();  // of the replica's hot store
  void connect();     // listens
  void start();
  void stop();

  void on_batch(const AppliedBatch& batch, std::span<const runtime::ReplyTarget> targets) override;

  bool is_ready(std::string& why_not) const;
  std::string degraded() const;
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const Settings& settings_;
  const std::string data_dir_;
  Replica& replica_;
  redis::Client& client_;
  const std::unique_ptr<HistoryService> history_;
  std::unique_ptr<projection::Projector> projector_;
  std::unique_ptr<HistoryAnnouncer> announcer_;
  std::unique_ptr<SnapshotPublisher> snapshots_;
  std::atomic<bool> is_running_{false};
};

}  // namespace perpetua::app
