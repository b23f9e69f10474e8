// What processes may share to admit a request, and what one request still lacks of it.
//
// SharedKeys: API keys by their SHA-256. find() answers from a cache; a miss must be asked for.
// SharedBudgets: token buckets. A process takes some tokens at once, as a lease, and spends them
// without asking again.
// Both answer from far away, so a request may have to wait: Dispatcher says Next::admission. If
// the far side is away, `done` comes all the same, and the request is admitted by what this process
// knows itself: its hot store, buckets of its own.
// Thread-safety: any thread; `done` on any thread, exactly once.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/limits/token_bucket.hpp"
#include "stores/views.hpp"

namespace perpetua::gateway {

class SharedKeys {
 public:
  virtual ~SharedKeys() = default;

  enum class Answer : uint8_t {
    known,
    ask,   // not cached
    away,  // nobody to ask
  };
  virtual Answer find(const Sha256& sha256, stores::KeyView& out) const = 0;
  // nullopt: nobody could be asked; a view of agent 0: there is no such key.
  using Done = std::function<void(std::optional<stores::KeyView>)>;
  virtual void ask(const Sha256& sha256, Done done) = 0;
};

struct BudgetLease {
  uint32_t granted = 0;     // tokens, at most those wanted
  uint32_t remaining = 0;   // whole tokens left to all
  int64_t full_in_ns = 0;   // until the bucket is full
  int64_t retry_in_ns = 0;  // nothing granted: until the next token
};

class SharedBudgets {
 public:
  virtual ~SharedBudgets() = default;

  // `spent`: tokens used beyond earlier leases, below 0: leased and not used. nullopt: away.
  using Done = std::function<void(std::optional<BudgetLease>)>;
  virtual void lease(std::string_view budget, const BucketRate& rate, uint32_t wanted,
                     int64_t spent, Done done) = 0;
};

// One request's.
struct AdmissionAsks {
  std::optional<Sha256> key;  // to be asked for
  bool has_asked_key = false;
  std::optional<stores::KeyView> found_key;  // what came of it; agent 0: there is none
  AgentId agent = 0;                         // whose budgets, of `limit_class`
  uint8_t limit_class = 0;
  int64_t now_ns = 0;  // of the request, by which it takes its token
  bool needs_budget = false;
  bool has_asked_budget = false;
};

}  // namespace perpetua::gateway
