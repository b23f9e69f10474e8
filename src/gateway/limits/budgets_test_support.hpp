// For tests: budgets that processes share, in memory.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gateway/admission.hpp"

namespace perpetua::gateway::test {

inline constexpr int64_t kSecond = 1'000'000'000;
inline constexpr int64_t kStart = 1'000 * kSecond;

// Buckets by the arithmetic of token_bucket.hpp, windows as lists of what was taken when; answers
// at once, later, or not at all. Thread-safety: none.
class FakeBudgets final : public SharedBudgets {
 public:
  void lease(std::string_view budget, const BucketRate& rate, uint32_t wanted, int64_t spent,
             Done done) override {
    ++asked;
    if (is_away) return done(std::nullopt);
    auto answer = [this, name = std::string(budget), rate, wanted, spent, done] {
      done(rate.is_window ? of_window(taken[name], rate, wanted, spent)
                          : of_bucket(full_at_ns[name], rate, wanted, spent));
    };
    if (is_held) {
      held.push_back(answer);
    } else {
      answer();
    }
  }

  using Taken = std::vector<std::pair<int64_t, int64_t>>;  // time and tokens
  std::map<std::string, int64_t> full_at_ns;
  std::map<std::string, Taken> taken;
  std::vector<std::function<void()>> held;
  int64_t now_ns = kStart;
  int asked = 0;
  bool is_away = false;
  bool is_held = false;

 private:
  BudgetLease of_bucket(int64_t& full_at, const BucketRate& rate, uint32_t wanted,
                        int64_t spent) const {
    full_at = std::max(std::max(full_at, now_ns) + spent * rate.interval_ns, now_ns);
    const int64_t room =
        std::max<int64_t>((now_ns + rate.burst_ns - full_at) / rate.interval_ns, 0);
    BudgetLease lease;
    lease.granted = static_cast<uint32_t>(std::min<int64_t>(wanted, room));
    full_at += lease.granted * rate.interval_ns;
    lease.remaining = static_cast<uint32_t>(room) - lease.granted;
    lease.full_in_ns = full_at - now_ns;
    if (lease.granted == 0) lease.retry_in_ns = full_at + rate.interval_ns - rate.burst_ns - now_ns;
    return lease;
  }

  BudgetLease of_window(Taken& rows, const BucketRate& rate, uint32_t wanted, int64_t spent) const {
    std::erase_if(rows, [&](const auto& row) { return now_ns - row.first >= kSecond; });
    if (spent > 0) rows.emplace_back(now_ns, spent);
    int64_t room = rate.burst;
    for (const auto& row : rows) room -= row.second;
    room = std::max<int64_t>(room, 0);
    const int64_t share = std::max<int64_t>((room + 3) / 4, 1);
    BudgetLease lease;
    lease.granted = static_cast<uint32_t>(std::min({int64_t{wanted}, room, share}));
    if (lease.granted > 0) rows.emplace_back(now_ns, lease.granted);
    lease.remaining = static_cast<uint32_t>(room) - lease.granted;
    lease.full_in_ns = rows.empty() ? 0 : rows.back().first + kSecond - now_ns;
    if (lease.granted == 0) lease.retry_in_ns = rows.front().first + kSecond - now_ns;
    return lease;
  }
};

}  // namespace perpetua::gateway::test
