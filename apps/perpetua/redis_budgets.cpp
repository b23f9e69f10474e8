#include "redis_budgets.hpp"

namespace perpetua::app {

void RedisBudgets::lease(std::string_view budget, const gateway::BucketRate& rate, uint32_t wanted,
                         int64_t spent, Done done) {
  projection::BucketRequest request;
  request.budget = budget;
  request.interval_ns = rate.interval_ns;
  request.burst = rate.burst;
  request.is_window = rate.is_window;
  request.wanted = wanted;
  request.spent = spent;
  buckets_.take(
      request, [done = std::move(done)](const std::optional<projection::BucketAnswer>& answer) {
        if (!answer) return done(std::nullopt);
        done(gateway::BudgetLease{answer->granted, answer->remaining, answer->full_in_us * 1'000,
                                  answer->retry_in_us * 1'000});
      });
}

}  // namespace perpetua::app
