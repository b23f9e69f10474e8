// RedisService: everything that `redis_url` turns on: the projection of the state, the gate that
// holds replies until it is written, and accounts, keys and budgets shared with other processes.
//
// Redis may be away at any time, from before the start on: the exchange then goes on by itself, as
// without it, and /readyz says what is missing.
// Order: made after the hot store's bootstrap, start() before the first live batch; stop() after
// the server has stopped, and before it is destroyed: no callback comes after it.
#pragma once

#include <prometheus/collectable.h>

#include <memory>
#include <string>

#include "gateway/account_reads.hpp"
#include "gateway/admission.hpp"
#include "gateway/reply_gate.hpp"
#include "redis_budgets.hpp"
#include "settings.hpp"
#include "stores/projection/account_reader.hpp"
#include "stores/projection/key_directory.hpp"
#include "stores/projection/projector.hpp"

namespace perpetua::app {

class RedisService final : public runtime::EgressListener,
                           public gateway::AccountReads,
                           public gateway::SharedKeys,
                           public prometheus::Collectable {
 public:
  // Throws std::runtime_error if redis_url cannot be used.
  RedisService(const Settings& settings, const stores::HotStore& hot,
               projection::IntentArchive archive, gateway::ReplyRouter& replies);
  ~RedisService() override;

  void start();
  void stop();

  // Batches: behind the hot store; hands them on to the gate, so this listener takes the place of
  // the reply router.
  void on_batch(const AppliedBatch& batch, std::span<const runtime::ReplyTarget> targets) override;

  // What is missing, for /readyz; empty: nothing.
  std::string degraded() const;

  bool is_readable() const override;
  void read(const gateway::AccountQuery& query, gateway::AccountReads::Done done) override;
  Answer find(const Sha256& sha256, stores::KeyView& out) const override;
  void ask(const Sha256& sha256, gateway::SharedKeys::Done done) override;
  gateway::SharedBudgets& budgets() { return budgets_; }

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  redis::Client client_;
  projection::Projector projector_;
  gateway::ReplyGate gate_;
  projection::AccountReader accounts_;
  RedisBudgets budgets_;
  std::unique_ptr<projection::KeyDirectory> keys_;
  std::atomic<bool> is_running_{false};
};

// Null without redis_url.
std::unique_ptr<RedisService> make_redis_service(const Settings& settings,
                                                 const stores::HotStore& hot,
                                                 projection::IntentArchive archive,
                                                 gateway::ReplyRouter& replies);

}  // namespace perpetua::app
