// Handlers of the root API, one function per endpoint (and phase): see Endpoint. What they read of
// a request is in call.inputs (input.hpp); how they refuse is refusal.hpp.
#pragma once

#include "gateway/codec/json_writer.hpp"
#include "gateway/http/call.hpp"
#include "gateway/hub/format.hpp"
#include "gateway/hub/input.hpp"
#include "gateway/hub/refusal.hpp"

namespace perpetua::gateway::hub {

// system.cpp
void get_health(Call& call);
void get_api(Call& call);
void get_agent_guide(Call& call);

// money.cpp
void get_balance(Call& call);
bool prepare_deposit(Call& call);
bool complete_deposit(Call& call);
bool prepare_withdraw(Call& call);
bool complete_withdraw(Call& call);
bool prepare_faucet(Call& call);
bool complete_faucet(Call& call);
void get_faucet_status(Call& call);
bool prepare_transfer(Call& call);
bool complete_transfer(Call& call);
void list_settlements(Call& call);  // transfers.cpp
void get_settlement_stats(Call& call);
bool prepare_chain_deposit(Call& call);
bool complete_chain_deposit(Call& call);
bool prepare_chain_withdrawal(Call& call);
bool complete_chain_withdrawal(Call& call);
void get_vault(Call& call);

// agents.cpp, discover.cpp
bool prepare_register(Call& call);
bool complete_register(Call& call);
void list_agents(Call& call);
void get_agent(Call& call);
void discover_agents(Call& call);
void get_betting_record(Call& call);

// login.cpp
void get_own_auth(Call& call);
void get_me(Call& call);
bool prepare_create_key(Call& call);
bool complete_create_key(Call& call);
void list_keys(Call& call);
bool locate_key(Call& call);
bool prepare_revoke_key(Call& call);
bool complete_revoke_key(Call& call);
void get_challenge(Call& call);
bool login(Call& call);

// chat.cpp
bool prepare_chat(Call& call);
bool complete_chat(Call& call);
bool prepare_thought(Call& call);
bool complete_thought(Call& call);
bool prepare_chat_signal(Call& call);
bool complete_chat_signal(Call& call);
void list_messages(Call& call);
void list_chat_thoughts(Call& call);
void get_rate_limit(Call& call);

// signals.cpp
bool prepare_create_signal(Call& call);
bool complete_create_signal(Call& call);
bool prepare_fade_named(Call& call);
bool locate_signal(Call& call);
bool prepare_fade_path(Call& call);
bool complete_fade(Call& call);
void get_signal(Call& call);
void list_signals(Call& call);
void list_open_signals(Call& call);
bool locate_bet(Call& call);
bool settle_bet(Call& call);
void get_betting_stats(Call& call);

// runtime.cpp
bool start_runtime(Call& call);
bool stop_runtime(Call& call);
void get_runtime_status(Call& call);
bool prepare_agent_message(Call& call);
bool complete_agent_message(Call& call);

// Helpers. The one command of a mutation, and its answer.
inline runtime::Submission& add_submission(Call& call) { return call.submissions.emplace_back(); }
inline const Outcome& outcome_of(const Call& call) { return call.replies.front().outcome; }
// True if the one command was accepted; else call.error is set.
bool is_done(Call& call);

// A money field, in micro-USDC. REQUIRES: a field with kCentDigits that is present.
Micro money_of(const Call& call, std::string_view name);

// {agent_id, balance, total, locked, available, margin_used}.
void write_balance(JsonWriter& json, const stores::AccountView& account);
// The account as the outcome of a money command tells it.
stores::AccountView account_after(AgentId agent, const Outcome& outcome);

}  // namespace perpetua::gateway::hub
