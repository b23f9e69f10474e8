// Ledger: the first and last stage of every round. Decides commands in order (reserve), sends the
// ones that concern a market on with their reservation, and applies what the markets return.
//
// Owns accounts, agents and keys with their limits, the idempotency table, leverage settings, paid
// deposits, positions of command streams and global counters. Rules: docs/rules.md sections 2, 3,
// 6, 7, 8, rules-perpetual.md 18 to 23, rules-agents.md. Thread-safety: none (sequencer thread).
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "engine/ledger/accounts.hpp"
#include "engine/ledger/agent_registry.hpp"
#include "engine/ledger/deposit_claims.hpp"
#include "engine/ledger/idempotency.hpp"
#include "engine/ledger/key_rules.hpp"
#include "engine/ledger/limit_table.hpp"
#include "engine/ledger/order_reserve.hpp"

namespace perpetua {

enum class Disposition : uint8_t {
  decided,     // `outcome` is final
  deferred,    // next round
  to_market,   // `operation` goes to `market`
  to_markets,  // to every market; `outcome` is the start of the sum
  new_market,  // create_market accepted: the engine opens it
};

struct Decision {
  Disposition disposition = Disposition::decided;
  MarketId market = kNoMarket;
  Outcome outcome;
  MarketOperation operation;
};

// What a signal's market says when the ledger asks for it.
struct SignalQuestion {
  bool was = false;  // ever
  bool is_live = false;
  bool is_matched = false;
  AgentId creator = 0;
  Micro stake;
};

// How the ledger looks into markets while it reserves: as of the end of the previous round.
class MarketReader {
 public:
  virtual ~MarketReader() = default;
  // The agent's open order by id, or by client id if id is 0; false if there is none.
  virtual bool find_order(MarketId market, AgentId agent, OrderId id, const ClientId& client_id,
                          OrderId& found, RestingOrder& resting) const = 0;
  // Entry notional of the agent's position + its open, not reduce-only orders at the mark.
  virtual Int128 exposure(MarketId market, AgentId agent) const = 0;
  virtual SignalQuestion ask_signal(MarketId market, uint64_t number) const = 0;
};

class Ledger {
 public:
  // Decides one command. `index` is its place in the batch; events go to `events`.
  struct Context {
    std::span<const MarketView> markets;  // as of the end of the previous round
    const MarketReader& orders;
    std::string_view text;
    int64_t log_time_ms = 0;
    std::vector<Event>& events;
  };
  Decision decide(const Command& command, uint32_t index, const Context& context);

  // Between batches: forgets which entries the commands of the last batch pend on.
  void begin_batch(std::size_t command_count);
  void begin_round() {
    accounts_.begin_round();
    amended_.clear();
    round_exposure_.clear();
  }
  // A command's outcome is final: completes what its keys remember.
  void finish(uint32_t index, const Outcome& outcome);

  Accounts& accounts() { return accounts_; }
  const Accounts& accounts() const { return accounts_; }
  const AgentRegistry& registry() const { return registry_; }
  uint64_t seed() const { return registry_.seed(); }
  const KeyLimitTable& key_limits() const { return key_limits_; }
  const RiskTable& risk() const { return risk_; }
  uint16_t leverage_setting(AgentId agent, MarketId market) const;  // 0 = the spec's default
  StreamPosition stream_position(uint16_t stream) const {
    PERPETUA_ASSERT(stream < limits::kStreamsMax);
    return streams_[stream];
  }
  void open_market() { leverage_.emplace_back(); }
  std::size_t market_count() const { return leverage_.size(); }

  void save(ByteSink& sink) const;
  [[nodiscard]] bool load(ByteSource& source);
  void check_invariants() const;

 private:
  struct Pending {
    uint32_t key_place = IdempotencyTable::kNone;
    uint32_t client_place = IdempotencyTable::kNone;
  };

  Decision decide_by_type(const Command& command, uint32_t index, const Context& context);
  bool answer_repeat(const Hash128& key, uint64_t payload_hash, AgentId agent, Decision& decision);

  Decision register_agent(const Command& command, uint32_t index, const Context& context);
  Decision create_key(const Command& command, uint32_t index, const Context& context);
  Decision revoke_key(const Command& command, uint32_t index, const Context& context);
  Decision deposit(const Command& command, uint32_t index, const Context& context);
  Decision claim_faucet(const Command& command, uint32_t index, const Context& context);
  Decision withdraw(const Command& command, uint32_t index, const Context& context);
  Decision transfer(const Command& command, uint32_t index, const Context& context);
  Decision set_leverage(const Command& command, uint32_t index, const Context& context);
  Decision post_thought(const Command& command, uint32_t index, const Context& context);
  Decision configure(const Command& command, const Context& context);
  Decision consume_stream(const ConsumeStream& consumed);

  Decision place(const Command& command, uint32_t index, const Context& context);
  Decision amend(const Command& command, uint32_t index, const Context& context);
  Decision cancel(const Command& command, uint32_t index, const Context& context);
  Decision cancel_all(const Command& command, uint32_t index, const Context& context);
  Decision forward(const Command& command, uint32_t index, const Context& context);
  Decision tick(uint32_t index);
  Decision fund_insurance(const Command& command, uint32_t index, const Context& context);
  Decision adjust_margin(const Command& command, uint32_t index, const Context& context);
  Decision create_market(const Command& command, const Context& context) const;
  Decision place_trigger(const Command& command, uint32_t index, const Context& context);
  Decision cancel_all_after(const Command& command, uint32_t index, const Context& context);
  Decision change_market(const Command& command, uint32_t index, const Context& context);
  void reserve_order(const Command& command, uint32_t index, const PlaceDecision& place,
                     Decision& decision);
  void place_limited(const Command& command, uint32_t index, const PlaceDecision& place,
                     const Context& context, Decision& decision);
  static bool is_refused(const Outcome& outcome, Decision& decision);

  // ledger_keys.cpp
  Decision set_key_limits(const Command& command, uint32_t index, const Context& context);
  static bool are_valid(const KeyLimits& limits);
  void limit_key(AgentId agent, uint32_t key_id, const KeyLimits& limits, uint32_t index,
                 const Context& context);
  const KeyLimits* limits_of(const CommandHeader& header) const;
  bool key_may_not(const CommandHeader& header) const;
  Outcome check_key_market(const CommandHeader& header) const;
  Outcome check_key_order(const CommandHeader& header, const KeyQuestion& order,
                          int64_t log_time_ms);
  Outcome check_key_amend(const CommandHeader& header, MarketId market, const KeyQuestion& order,
                          int64_t log_time_ms);
  Micro key_position_max(const CommandHeader& header) const;

  // ledger_risk.cpp
  struct RiskQuestion {
    AgentId agent = 0;
    uint32_t leverage = 0;
    Int128 added = 0;  // to its exposure
  };
  static RiskQuestion amend_question(const Command& command, const RestingOrder& resting,
                                     const AmendDecision& amended, const MarketRules& spec,
                                     Price mark);
  bool is_risk_limited(AgentId agent) const { return accounts_.get(agent).is_risk_limited != 0; }
  Decision set_risk_limits(const Command& command, uint32_t index, const Context& context);
  void limit_agent(AgentId agent, const RiskLimits& limits, uint32_t index, const Context& context);
  static bool are_valid(const RiskLimits& limits);
  Outcome check_risk_leverage(AgentId agent, uint32_t leverage) const;
  Outcome check_daily_loss(AgentId agent, uint32_t index, const Context& context);
  Outcome check_total_exposure(AgentId agent, Int128 added, const Context& context) const;
  bool exceeds_risk(const RiskQuestion& order, uint32_t index, const Context& context,
                    Decision& decision);
  void bound_position(const CommandHeader& header, MarketOperation& operation) const;
  void note_exposure(const RiskQuestion& order, const Decision& decision) {
    if (decision.disposition != Disposition::to_market) return;
    round_exposure_.emplace_back(order.agent, order.added);
  }

  // ledger_signals.cpp
  Decision reserve_stake(const CommandHeader& header, MarketId market, Micro stake, uint32_t index);
  Decision create_signal(const Command& command, uint32_t index, const Context& context);
  Decision fade_signal(const Command& command, uint32_t index, const Context& context);

  Outcome check_withdrawal(const Command& command, int64_t log_time_ms) const;
  Outcome check_claim(const Command& command) const;
  bool was_amended(AgentId agent, OrderId order_id) const;
  bool find_order(const Command& command, const Context& context, MarketId& market, OrderId& found,
                  RestingOrder& resting) const;

  Decision refuse_or_defer(AgentId agent, const Outcome& refusal);
  Decision defer(AgentId agent);
  LedgerEntry& add_entry(AgentId agent, uint32_t index, LedgerEntryKind kind, Micro amount,
                         AgentId counterparty, const Context& context);
  Outcome balances(AgentId agent) const;
  bool deposit_fits(Micro amount) const;
  static bool amount_is_valid(Micro amount) {
    return amount >= Micro(1) && amount.value <= limits::kAmountMaxMicro;
  }

  Accounts accounts_;
  AgentRegistry registry_;
  IdempotencyTable idempotency_;
  KeyLimitTable key_limits_;
  RiskTable risk_;
  RiskLimits risk_defaults_;  // of agents that register with limits
  DepositClaims claims_;
  std::vector<std::vector<uint16_t>> leverage_;             // [market][agent]
  std::vector<Pending> pending_;                            // [command of this batch]
  std::vector<OrderId> amended_;                            // in this round
  std::vector<std::pair<AgentId, Int128>> round_exposure_;  // of agents with risk limits, likewise
  std::array<StreamPosition, limits::kStreamsMax> streams_{};
  uint64_t thought_count_ = 0;
  uint8_t is_configured_ = 0;
};

}  // namespace perpetua
