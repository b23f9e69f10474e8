// AccountReads: where the figures of one agent's account come from: the process's own hot store, or
// a store that all processes share. Both give the same, so the answers are made by the same code.
//
// Holdings are not valued: the reader values them at its own mark (HotStore::valued).
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "stores/memory/hot_store.hpp"

namespace perpetua::gateway {

struct AccountQuery {
  AgentId agent = 0;
  bool with_holdings = false;
  bool with_open_intents = false;
  OrderId intent = 0;  // 0: none; this one, open or closed
};

struct AccountState {
  stores::AccountView account;
  uint64_t open_orders = 0;
  std::vector<stores::PositionView> holdings;  // every market the agent has been in, by market id
  std::vector<stores::OrderView> intents;      // ids falling; those asked for that there are
  bool operator==(const AccountState&) const = default;
};

class AccountReads {
 public:
  virtual ~AccountReads() = default;

  // False: do not ask now, read the hot store. Any thread.
  virtual bool is_readable() const = 0;

  // `done` is called exactly once, on any thread; nullopt: it could not be read after all.
  using Done = std::function<void(std::optional<AccountState>)>;
  virtual void read(const AccountQuery& query, Done done) = 0;
};

// nullopt: no such agent.
std::optional<AccountState> read_account(const stores::HotStore& hot, const AccountQuery& query);

}  // namespace perpetua::gateway
