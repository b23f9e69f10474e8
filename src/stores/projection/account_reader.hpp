// AccountReader: an agent's account from Redis, as the hot store would give it.
//
// One round trip for the account, a second one for the positions and intents that it names. A row
// that should be there and is not, or cannot be decoded, makes the read fail: the projection has
// lost something, and `on_missing` hears of it.
// Thread-safety: any thread; `done` on the client's thread, or the caller's if nothing was sent.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "stores/account_state.hpp"
#include "stores/memory/hot_store.hpp"
#include "stores/redis/client.hpp"

namespace perpetua::projection {

using stores::AccountQuery;
using stores::AccountState;

class AccountReader {
 public:
  using Done = std::function<void(std::optional<AccountState>)>;

  // The hot store is asked for the contracts of markets only. REQUIRES: it and the client outlive
  // every read.
  AccountReader(redis::Client& client, const stores::HotStore& markets, int64_t timeout_ms,
                std::function<void(AgentId)> on_missing);

  void read(const AccountQuery& query, Done done);

 private:
  struct Reading;
  struct Shared;

  static void take_account(const std::shared_ptr<Reading>& reading,
                           const std::vector<redis::Reply>& replies);
  static void take_rows(Reading& reading, const std::vector<redis::Reply>& replies);

  const std::shared_ptr<const Shared> shared_;
};

}  // namespace perpetua::projection
