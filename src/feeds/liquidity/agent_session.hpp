// AgentSession: a house agent's life outside its strategy: registration, funding, settings, top-up.
//
// A pure state machine: advance() sends at most one set-up command at a time, on_event() and
// on_outcome() move it on. The agent is identified by its wallet, so after a restart adopt() puts
// the session where the earlier run left it. Its API key hash has no known key: nobody logs in.
// Tokens: index << 48 | counter, so the house can route outcomes. Paper money; sandbox only.
// Thread-safety: one thread.
#pragma once

#include <string>

#include "feeds/command_sink.hpp"
#include "feeds/liquidity/agent_view.hpp"

namespace perpetua::feeds {

struct AgentProfile {
  std::string wallet;  // "house-maker-btc-1"
  std::string display_name;
  MarketId market = kNoMarket;
  Micro fund;  // topped up to this when half of it is gone
  uint16_t leverage = 1;
};

inline constexpr unsigned kTokenCounterBits = 48;
inline constexpr int64_t kSetUpRetryMs = 5'000;

constexpr uint32_t token_index(uint64_t token) {
  return static_cast<uint32_t>(token >> kTokenCounterBits);
}

class AgentSession {
 public:
  AgentSession(AgentProfile profile, uint32_t index);

  void adopt(const ExistingAgent& existing) { view_.adopt(existing); }

  // Takes effect before the agent trades again.
  void set_leverage(uint16_t leverage) { profile_.leverage = leverage; }

  // Sends the set-up command that is missing, if any. True when the agent may trade.
  bool advance(int64_t now_ms, CommandSink& sink);

  void on_event(const Event& event) { view_.on_event(event); }

  // True if the outcome belonged to a set-up command of this session.
  bool on_outcome(uint64_t token, const Outcome& outcome, int64_t now_ms);

  // Sends a command of the strategy; 0 if it was refused, else its token.
  uint64_t send(const Command& command, CommandSink& sink);

  // The wallet belongs to an agent this run was not told about: it stays idle.
  bool has_failed() const { return has_failed_; }
  AgentView& view() { return view_; }
  const AgentView& view() const { return view_; }
  const AgentProfile& profile() const { return profile_; }

 private:
  bool needs_top_up() const { return view_.collateral().value < profile_.fund.value / 2; }
  bool is_set_up() const;
  Command next_step() const;

  AgentProfile profile_;
  const uint32_t index_;
  AgentView view_;
  uint64_t counter_ = 0;
  uint64_t set_up_token_ = 0;  // in flight
  CommandType set_up_type_ = CommandType::none;
  int64_t retry_at_ms_ = 0;
  bool has_failed_ = false;
};

}  // namespace perpetua::feeds
