// AccountState: the figures of one agent's account, from whichever store holds them. The hot store
// and the projection in Redis give the same.
//
// Holdings are not valued: the reader values them at its own mark (HotStore::valued).
#pragma once

#include <optional>
#include <vector>

#include "stores/views.hpp"

namespace perpetua::stores {

class HotStore;

struct AccountQuery {
  AgentId agent = 0;
  bool with_holdings = false;
  bool with_open_intents = false;
  OrderId intent = 0;  // 0: none; this one, open or closed
};

struct AccountState {
  AccountView account;
  uint64_t open_orders = 0;
  std::vector<PositionView> holdings;  // every market the agent has been in, by market id
  std::vector<OrderView> intents;      // ids falling; those asked for that there are
  bool operator==(const AccountState&) const = default;
};

// Open intents of an agent, ids falling: all there are.
std::vector<OrderView> open_intents(const HotStore& hot, AgentId agent);

// nullopt: no such agent.
std::optional<AccountState> read_account(const HotStore& hot, const AccountQuery& query);

}  // namespace perpetua::stores
