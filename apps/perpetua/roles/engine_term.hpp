// EngineTerm: one leadership, from the lock of the journal to its end: runtime, intake of commands,
// publishing of batches, prices.
//
// Order: made with the table that is led; begin_cold() or begin_warm(); start(); finish() once.
// Thread-safety: one owner; metrics, is_ready() by any thread after begin.
// Errors: std::runtime_error says why this engine must not lead.
#pragma once

#include <memory>
#include <string>

#include "cluster/batch_publisher.hpp"
#include "cluster/command_intake.hpp"
#include "feed_part.hpp"
#include "roles/replica.hpp"
#include "runtime/runtime.hpp"
#include "runtime_metrics.hpp"

namespace perpetua::app {

class EngineTerm {
 public:
  EngineTerm(const Settings& settings, std::string data_dir, redis::Client& client,
             std::unique_ptr<journal::postgres::TableJournal> table);
  ~EngineTerm();

  void begin_cold();  // the first of a new exchange, or without a replica
  void begin_warm(Replica::Released replica);
  void start();

  // Takes no more commands, answers those it has, publishes, gives the lock up, writes a snapshot.
  // False: something accepted could not be made durable.
  bool finish();

  uint64_t epoch() const { return epoch_; }
  BatchNumber last_batch() const { return runtime_->metrics().released_batch; }
  bool is_ready(std::string& why_not) const;
  void add_metrics(std::vector<prometheus::MetricFamily>& families) const;

 private:
  void make_runtime();
  void accept(const journal::RecoveryResult& result);
  void connect(const journal::JournalPosition& position);
  void resign();

  const Settings& settings_;
  const std::string data_dir_;
  redis::Client& client_;
  std::unique_ptr<journal::postgres::TableJournal> table_;
  uint64_t epoch_ = 0;
  journal::ClusterId cluster_id_{};
  bool has_resigned_ = false;
  std::unique_ptr<stores::HotStore> hot_;
  std::unique_ptr<HotStoreListener> hot_listener_;
  std::unique_ptr<cluster::BatchPublisher> publisher_;
  std::unique_ptr<runtime::Runtime> runtime_;
  std::unique_ptr<cluster::CommandIntake> intake_;
  std::unique_ptr<FeedPart> feeds_;
  std::unique_ptr<RuntimeMetricsSource> metrics_;
};

}  // namespace perpetua::app
