// AccountReads: a store of accounts that all processes share. Without one, or while it is not
// readable, accounts are read from the process's own hot store, with the same answers.
#pragma once

#include <functional>
#include <optional>

#include "stores/account_state.hpp"

namespace perpetua::gateway {

using stores::AccountQuery;
using stores::AccountState;

class AccountReads {
 public:
  virtual ~AccountReads() = default;

  // False: do not ask now, read the hot store. Any thread.
  virtual bool is_readable() const = 0;

  // `done` is called exactly once, on any thread; nullopt: it could not be read after all.
  using Done = std::function<void(std::optional<AccountState>)>;
  virtual void read(const AccountQuery& query, Done done) = 0;
};

}  // namespace perpetua::gateway
