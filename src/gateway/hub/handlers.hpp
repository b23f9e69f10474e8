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
bool prepare_chain_deposit(Call& call);
bool complete_chain_deposit(Call& call);
bool prepare_chain_withdrawal(Call& call);
bool complete_chain_withdrawal(Call& call);
void get_vault(Call& call);

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
