// Accounts: free, reserved and position collateral of every agent, and the exchange's own totals.
//
// The only place where balances change. Every change keeps free, reserved and position_margin >= 0
// and is mirrored in the totals, so the money identity (docs/money.md) is checked in O(1):
//   sum of cash - signed entry notional of all markets + fees = deposits - withdrawals
// Amounts in micro-USDC. Thread-safety: none (sequencer thread).
#pragma once

#include <vector>

#include "base/byte_io.hpp"
#include "engine/round.hpp"
#include "engine/schema/margin.hpp"

namespace perpetua {

struct Account {
  Micro free;
  Micro reserved;
  Micro position_margin;
  uint64_t agent_sequence = 0;  // of its last private event
  int64_t faucet_window_start_ms = 0;
  Micro faucet_claimed;  // in that window
  uint64_t round = 0;    // last round that used the flags below
  uint32_t round_flags = 0;
  uint16_t live_keys = 0;
  uint8_t is_risk_limited = 0;  // in the risk table
  uint8_t zero = 0;

  Micro in_use() const { return reserved + position_margin; }
  Micro collateral() const { return free + reserved + position_margin; }
};
static_assert(sizeof(Account) == 64 && PlainRecord<Account>);

enum AccountRoundFlag : uint32_t {
  kTouched = 1,       // money moved: one account_changed at the end of the round
  kWentToMarket = 2,  // an earlier command of this round may still free collateral
  kDeferred = 4,      // later commands of this agent wait, too
  kAmended = 8,       // an amend of one of its orders went to a market
};

// What orders do not need.
struct AccountPast {
  Micro paid_in;  // deposits - withdrawals + transfers and stakes of bets, in less out
  int64_t onchain_withdrawn_at_ms = 0;  // 0: never
};
static_assert(PlainRecord<AccountPast>);

struct MoneyTotals {
  Micro deposits;     // ever
  Micro withdrawals;  // ever
  Micro fees;         // fee account
  Int128 cash = 0;    // sum of free + reserved + position_margin over all agents
};

class Accounts {
 public:
  Accounts() : accounts_(1), past_(1) {}  // 0 is the exchange: it has no money of its own here

  uint32_t agent_count() const { return static_cast<uint32_t>(accounts_.size()) - 1; }
  bool exists(AgentId agent) const { return agent >= 1 && agent < accounts_.size(); }
  const Account& get(AgentId agent) const { return accounts_[agent]; }
  void prefetch(AgentId agent) const {
    if (agent < accounts_.size()) __builtin_prefetch(&accounts_[agent], 1);
  }
  const MoneyTotals& totals() const { return totals_; }
  uint32_t margin_cap_ppm() const { return margin_cap_ppm_; }
  void set_margin_cap_ppm(uint32_t cap_ppm) { margin_cap_ppm_ = cap_ppm; }

  AgentId add() {
    accounts_.emplace_back();
    past_.emplace_back();
    return agent_count();
  }

  Micro available(AgentId agent) const {
    const Account& account = accounts_[agent];
    return available_collateral(account.free, account.in_use(), margin_cap_ppm_);
  }

  // The largest withdrawal that leaves margin in use within the cap.
  Micro withdrawable(AgentId agent) const {
    const Account& account = accounts_[agent];
    const Micro kept(mul_div_ceil(account.in_use().value, kPpm, margin_cap_ppm_));
    return std::min(account.free, std::max(Micro(0), account.collateral() - kept));
  }

  // REQUIRES: amount <= free.
  void reserve(AgentId agent, Micro amount) {
    if (amount == Micro(0)) return;
    Account& account = touch(agent);
    account.free -= amount;
    account.reserved += amount;
    PERPETUA_ASSERT(account.free >= Micro(0));
  }

  // What trading has brought the agent: fills, fees, funding, liquidations; realised only.
  Micro trading_result(AgentId agent) const {
    return accounts_[agent].collateral() - past_[agent].paid_in;
  }
  Micro paid_in(AgentId agent) const { return past_[agent].paid_in; }
  int64_t onchain_withdrawn_at_ms(AgentId agent) const {
    return past_[agent].onchain_withdrawn_at_ms;
  }
  void set_onchain_withdrawn_at(AgentId agent, int64_t log_time_ms) {
    past_[agent].onchain_withdrawn_at_ms = log_time_ms;
  }

  void deposit(AgentId agent, Micro amount) {
    touch(agent).free += amount;
    past_[agent].paid_in += amount;
    totals_.deposits += amount;
    totals_.cash += amount.value;
  }

  // REQUIRES: amount <= withdrawable(agent).
  void withdraw(AgentId agent, Micro amount) {
    Account& account = touch(agent);
    account.free -= amount;
    PERPETUA_ASSERT(account.free >= Micro(0));
    past_[agent].paid_in -= amount;
    totals_.withdrawals += amount;
    totals_.cash -= amount.value;
  }

  void transfer(AgentId from, AgentId to, Micro amount) {
    Account& source = touch(from);
    source.free -= amount;
    PERPETUA_ASSERT(source.free >= Micro(0));
    touch(to).free += amount;
    past_[from].paid_in -= amount;
    past_[to].paid_in += amount;
  }

  void claim_faucet(AgentId agent, int64_t window_start_ms, Micro claimed_after, Micro amount) {
    deposit(agent, amount);
    accounts_[agent].faucet_window_start_ms = window_start_ms;
    accounts_[agent].faucet_claimed = claimed_after;
  }

  void apply(const Credit& credit) {
    Account& account = touch(credit.agent);
    account.free += credit.free;
    account.reserved += credit.reserved;
    account.position_margin += credit.position_margin;
    PERPETUA_ASSERT(account.free >= Micro(0) && account.reserved >= Micro(0) &&
                    account.position_margin >= Micro(0));
    const Micro change = credit.free + credit.reserved + credit.position_margin;
    totals_.cash += change.value;
    if (credit.is_stake != 0) [[unlikely]]
      past_[credit.agent].paid_in += change;
  }

  // Money that goes to a market's insurance fund, not to an account.
  void add_deposit(Micro amount) { totals_.deposits += amount; }
  void add_fees(Micro fees) { totals_.fees += fees; }
  void add_live_keys(AgentId agent, int change) {
    accounts_[agent].live_keys = static_cast<uint16_t>(accounts_[agent].live_keys + change);
  }
  void set_risk_limited(AgentId agent, bool is_limited) {
    accounts_[agent].is_risk_limited = is_limited ? 1 : 0;
  }
  uint64_t next_agent_sequence(AgentId agent) { return ++accounts_[agent].agent_sequence; }

  // Rounds.
  void begin_round() {
    ++round_;
    touched_.clear();
  }
  bool has_flag(AgentId agent, AccountRoundFlag flag) const {
    const Account& account = accounts_[agent];
    return account.round == round_ && (account.round_flags & flag) != 0;
  }
  void set_flag(AgentId agent, AccountRoundFlag flag) { flags_of(agent) |= flag; }
  const std::vector<AgentId>& touched() const { return touched_; }
  uint64_t round() const { return round_; }

  void save(ByteSink& sink) const;
  [[nodiscard]] bool load(ByteSource& source);
  void check_invariants() const;

 private:
  uint32_t& flags_of(AgentId agent) {
    Account& account = accounts_[agent];
    if (account.round != round_) {
      account.round = round_;
      account.round_flags = 0;
    }
    return account.round_flags;
  }

  Account& touch(AgentId agent) {
    uint32_t& flags = flags_of(agent);
    if ((flags & kTouched) == 0) {
      flags |= kTouched;
      touched_.push_back(agent);
    }
    return accounts_[agent];
  }

  std::vector<Account> accounts_;
  std::vector<AccountPast> past_;  // [agent]
  std::vector<AgentId> touched_;
  MoneyTotals totals_;
  uint64_t round_ = 0;
  uint32_t margin_cap_ppm_ = 800'000;
};

}  // namespace perpetua
