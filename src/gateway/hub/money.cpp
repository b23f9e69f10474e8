// Balances, the faucet, paper and on-chain deposits and withdrawals.

#include <algorithm>

#include "gateway/codec/api_error.hpp"
#include "gateway/hub/handlers.hpp"
#include "gateway/hub/number.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr int64_t kMsPerSecond = 1'000;
constexpr Micro kFaucetAmount(10'000'000'000);  // 10,000 USDC

bool is_paper(const Call& call) { return call.context.options.mode == Mode::sandbox; }

Command money_command(const Call& call, CommandType type, Micro amount) {
  Command command(type, call.principal.agent);
  command.money = MoveMoney();
  command.money.amount = amount;
  return command;
}

bool require_paper(Call& call, std::string_view what) {
  if (is_paper(call)) return true;
  return refuse(call, kForbidden, std::string(what) + " without a chain need paper mode");
}

bool require_chain(Call& call) {
  if (is_paper(call)) return true;
  return refuse(call, kNotImplemented, "No chain verifier is configured");
}

void write_own_balance(Call& call, JsonWriter& json) {
  json.key("balance");
  write_balance(json, account_after(call.principal.agent, outcome_of(call)));
}

int64_t whole_seconds(int64_t duration_ms) {
  return std::max<int64_t>((duration_ms + kMsPerSecond - 1) / kMsPerSecond, 1);
}

// "Faucet cooldown: 23h 59m remaining".
bool refuse_faucet(Call& call, int64_t left_ms) {
  constexpr int64_t kMsPerMinute = 60'000;
  const int64_t minutes = (left_ms + kMsPerMinute - 1) / kMsPerMinute;
  refuse(call, kCooldown,
         "Faucet cooldown: " + std::to_string(minutes / 60) + "h " + std::to_string(minutes % 60) +
             "m remaining");
  call.error.retry_after_s = whole_seconds(left_ms);
  return false;
}

std::string hex(std::span<const uint8_t> bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const uint8_t byte : bytes) {
    out.push_back(kHex[byte >> 4]);
    out.push_back(kHex[byte & 0xF]);
  }
  return out;
}

}  // namespace

Micro money_of(const Call& call, std::string_view name) {
  return to_micro(input(call, name).number, kCentDigits);
}

bool is_done(Call& call) {
  const Outcome& outcome = outcome_of(call);
  if (outcome.code == ResultCode::ok) return true;
  call.error = outcome_error(call.submissions.front().command, outcome, call.markets());
  return false;
}

stores::AccountView account_after(AgentId agent, const Outcome& outcome) {
  stores::AccountView account;
  account.agent = agent;
  account.free = Micro(outcome.values[0]);
  account.reserved = Micro(outcome.values[1]);
  account.position_margin = Micro(outcome.values[2]);
  return account;
}

void write_balance(JsonWriter& json, const stores::AccountView& account) {
  const Micro locked = account.reserved + account.position_margin;
  json.begin_object().key("agent_id").text(agent_name(account.agent));
  write_money(json.key("balance"), account.free + locked);
  write_money(json.key("total"), account.free + locked);
  write_money(json.key("locked"), locked);
  write_money(json.key("available"), account.free);
  write_money(json.key("margin_used"), account.position_margin);
  json.end_object();
}

void get_balance(Call& call) {
  const AccountState* state = call.account_state({});
  if (state == nullptr) return;
  JsonWriter json(call.reply);
  write_balance(json, state->account);
}

bool prepare_deposit(Call& call) {
  if (!require_paper(call, "Deposits")) return false;
  add_submission(call).command =
      money_command(call, CommandType::deposit, money_of(call, "amount"));
  return true;
}

bool complete_deposit(Call& call) {
  if (!is_done(call)) return false;
  JsonWriter json(call.reply);
  json.begin_object().key("success").boolean(true);
  write_money(json.key("new_balance"), Micro(outcome_of(call).values[0]));
  write_own_balance(call, json);
  json.end_object();
  return false;
}

bool prepare_withdraw(Call& call) {
  if (!require_paper(call, "Withdrawals")) return false;
  add_submission(call).command =
      money_command(call, CommandType::withdraw, money_of(call, "amount"));
  return true;
}

bool complete_withdraw(Call& call) { return complete_deposit(call); }

bool prepare_chain_deposit(Call& call) {
  if (!require_chain(call)) return false;
  Command& command = add_submission(call).command;
  command = money_command(call, CommandType::deposit, money_of(call, "amount"));
  command.money.flags = kOnChain;
  command.money.claim = sha256_of(input(call, "tx_signature").text);
  return true;
}

bool complete_chain_deposit(Call& call) {
  if (outcome_of(call).code == ResultCode::already_claimed) {
    return refuse(call, kTransactionUsed, "Transaction already used for a deposit");
  }
  if (!is_done(call)) return false;
  JsonWriter json(call.reply);
  json.begin_object().key("success").boolean(true);
  write_own_balance(call, json);
  json.key("tx_hash").text(input(call, "tx_signature").text);
  json.key("mode").text("lite").end_object();
  return false;
}

bool prepare_chain_withdrawal(Call& call) {
  if (!require_chain(call)) return false;
  Command& command = add_submission(call).command;
  command = money_command(call, CommandType::withdraw, money_of(call, "amount"));
  command.money.flags = kOnChain;
  return true;
}

bool complete_chain_withdrawal(Call& call) {
  const Outcome& outcome = outcome_of(call);
  if (outcome.code == ResultCode::withdrawal_cooldown) {
    const int64_t left_s = whole_seconds(outcome.values[0]);
    refuse(call, kCooldown, "Withdrawal cooldown: " + std::to_string(left_s) + "s remaining");
    call.error.retry_after_s = left_s;
    return false;
  }
  if (!is_done(call)) return false;
  // No chain is behind the sandbox: the hash names the withdrawal, it proves nothing.
  std::string name(input(call, "wallet_address").text);
  name.append("\n").append(agent_name(call.principal.agent));
  name.append("\n").append(std::to_string(call.now_ms)).append("\n");
  name.append(std::to_string(outcome.values[0]));
  JsonWriter json(call.reply);
  json.begin_object().key("success").boolean(true);
  json.key("tx_hash").text("lite_" + hex(sha256_of(name)));
  write_own_balance(call, json);
  json.key("mode").text("lite").end_object();
  return false;
}

bool prepare_faucet(Call& call) {
  if (!require_paper(call, "Faucet claims")) return false;
  Command& command = add_submission(call).command;
  command = money_command(call, CommandType::claim_faucet, kFaucetAmount);
  command.money.flags = kOncePerWindow;
  return true;
}

bool complete_faucet(Call& call) {
  const Outcome& outcome = outcome_of(call);
  if (outcome.code == ResultCode::faucet_limit) return refuse_faucet(call, outcome.values[2]);
  if (!is_done(call)) return false;
  JsonWriter json(call.reply);
  json.begin_object().key("success").boolean(true);
  json.key("message").text("Claimed " + usdc_text(kFaucetAmount.value) + " USDC of paper money");
  write_money(json.key("new_balance"), Micro(outcome.values[0]));
  json.key("mode").text("paper_trading");
  json.key("next_claim_in").text("24 hours").end_object();
  return false;
}

void get_faucet_status(Call& call) {
  const auto state = call.hot().money_state(call.principal.agent);
  const int64_t left_ms = state ? state->faucet_cooldown_ms(call.now_ms) : 0;
  JsonWriter json(call.reply);
  json.begin_object().key("can_claim").boolean(left_ms == 0 && is_paper(call));
  write_money(json.key("amount"), kFaucetAmount);
  if (left_ms > 0) {
    json.key("cooldown_remaining_seconds").number(whole_seconds(left_ms));
  }
  json.end_object();
}

void get_vault(Call& call) {
  JsonWriter json(call.reply);
  json.begin_object();
  json.key("vault_address").text("perpetua-paper-vault");
  json.key("network").text("paper");
  json.key("usdc_mint").text("paper-usdc");
  json.key("simulation_mode").boolean(is_paper(call));
  write_money(json.key("max_withdraw"), Micro(limits::kOnChainWithdrawalMaxMicro));
  json.key("withdraw_cooldown_seconds").number(limits::kOnChainWithdrawalCooldownMs / kMsPerSecond);
  json.end_object();
}

}  // namespace perpetua::gateway::hub
