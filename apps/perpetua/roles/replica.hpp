// Replica: the state of the exchange in a process that does not lead: a follower of the journal
// table, its hot store, and the feed that keeps both going.
//
//   on_past()     who hears the batches that recover() and catch_up() apply
//   open()        waits until there is an exchange; takes the newest shared snapshot
//   recover()     snapshot and journal, up to now
//   catch_up()    the journal behind that; only before bootstrap()
//   bootstrap()   the hot store from the engine
//   (listeners)   add_listener(); the hot store is the first by itself
//   follow()      the feed; is_following() once it has come to the end of what was published
//   release()     the engine and its hot store, for a leader
//
// Thread-safety: one owner; is_following(), why_not_following() and the statuses by any thread.
// Errors: std::runtime_error says why this process must not take part.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "cluster/batch_feed.hpp"
#include "journal/postgres/table_journal.hpp"
#include "listeners.hpp"
#include "runtime/follower.hpp"
#include "settings.hpp"
#include "stores/redis/client.hpp"

namespace perpetua::app {

class Replica {
 public:
  using IsStopping = std::function<bool()>;

  // `client` outlives it. `snapshot_every_commands` 0: none is written. One process of a cluster is
  // enough, the projector, which shares it: they would all fork at the same batch.
  Replica(const Settings& settings, std::string data_dir, redis::Client& client,
          uint64_t snapshot_every_commands);
  ~Replica();
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  void on_past(PastListener::Hear hear) { past_.hear(std::move(hear)); }

  bool open(const IsStopping& is_stopping);  // false: stopping
  // An exchange is there; open() would not wait. Throws if its schema is another one.
  bool has_exchange();
  const journal::ClusterId& cluster_id() const { return *cluster_id_; }

  journal::RecoveryResult recover(BatchNumber history_applied, journal::ReplaySink* history);
  void catch_up(BatchNumber at_most);
  void bootstrap();
  stores::HotStore& hot() const { return *hot_; }
  runtime::Follower& follower() { return *follower_; }
  const runtime::Follower& follower() const { return *follower_; }
  void add_listener(runtime::EgressListener& listener) { follower_->add_listener(listener); }

  // `on_progress` may be empty; on the follower's thread.
  void follow(std::function<void(BatchNumber)> on_progress);
  void stop_following();
  bool is_following(std::string& why_not) const;
  cluster::BatchFeedStatus feed_status() const { return feed_->status(); }
  runtime::FollowerMetrics follower_metrics() const { return follower_->metrics(); }

  struct Released {
    runtime::Follower::Warm warm;
    std::unique_ptr<stores::HotStore> hot;
  };
  Released release();  // stops the feed

 private:
  void fetch_snapshot();

  const Settings& settings_;
  const std::string data_dir_;
  redis::Client& client_;
  const uint64_t snapshot_every_commands_;
  std::unique_ptr<journal::postgres::TableJournal> table_;  // for reading
  std::optional<journal::ClusterId> cluster_id_;
  std::string why_no_exchange_;
  PastListener past_;  // until bootstrap()
  std::unique_ptr<stores::HotStore> hot_;
  std::unique_ptr<HotStoreListener> hot_listener_;
  std::unique_ptr<runtime::Follower> follower_;
  std::unique_ptr<cluster::BatchFeed> feed_;
};

}  // namespace perpetua::app
