// RedisBudgets: the budgets that processes share, in Redis (SharedBucket).
// Thread-safety: any thread.
#pragma once

#include "gateway/admission.hpp"
#include "stores/projection/shared_bucket.hpp"

namespace perpetua::app {

class RedisBudgets final : public gateway::SharedBudgets {
 public:
  // REQUIRES: the client outlives it.
  RedisBudgets(redis::Client& client, int64_t timeout_ms) : buckets_(client, timeout_ms) {}

  void lease(std::string_view budget, const gateway::BucketRate& rate, uint32_t wanted,
             int64_t spent, Done done) override;

 private:
  projection::SharedBucket buckets_;
};

}  // namespace perpetua::app
