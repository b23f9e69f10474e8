// Agents, money, keys and login.

#include "gateway/hub/handlers.hpp"
#include "gateway/hub/tables.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr int64_t kAmountMaxCents = 10'000'000;  // 100,000 USDC
constexpr int64_t kChainWithdrawalMaxCents = 1'000'000;
constexpr int64_t kE6 = 1'000'000;

constexpr Field text_field(std::string_view name, bool is_required, std::string_view description,
                           int64_t minimum, int64_t maximum) {
  return {name, FieldKind::text, is_required, description, minimum, maximum};
}
constexpr Field amount_field(int64_t maximum_cents) {
  return {"amount", FieldKind::number, true, "USDC, whole cents", 1, maximum_cents, kCentDigits};
}

constexpr Field kWalletField = text_field("wallet_address", true, "the agent's wallet", 1, 100);
constexpr Field kRegisterFields[] = {
    kWalletField,
    {"display_name", FieldKind::name, false, "trimmed", 1, 50},
    {"twitter_handle", FieldKind::name, false,
     "a leading @ is dropped; then 1 to 15 letters, digits, underscores", 1, 30},
    text_field("bio", false, "stored, at most 500 bytes", 0, 500)};
constexpr Field kOffsetField = {"offset", FieldKind::integer, false, "default 0", 0, 1'000'000'000};
constexpr Field kListFields[] = {limit_field(500, "default 50"), kOffsetField};
constexpr Field kDiscoverFields[] = {
    text_field("specialty", false, "an asset it trades", 1, 32),
    {"min_trades", FieldKind::integer, false, "", 0, 1'000'000'000},
    {"min_win_rate", FieldKind::number, false, "", 0, kE6, 6},
    {"max_risk_score", FieldKind::number, false, "ten times the locked share of its balance", 0,
     10 * kE6, 6},
    text_field("asset", false, "an asset it trades", 1, 32),
    {"sort_by", FieldKind::choice, false, "default reputation", 0, 0, 0, false,
     "reputation|win_rate|total_pnl|risk_score|total_trades|created_at"},
    {"sort_order", FieldKind::choice, false, "default desc", 0, 0, 0, false, "asc|desc"},
    kOffsetField,
    limit_field(200, "default 50")};

constexpr Field kOwnerField = text_field("agent_id", true, "the caller's own id", 1, 64);
constexpr Field kMoveFields[] = {kOwnerField, amount_field(kAmountMaxCents)};
constexpr Field kTransferFields[] = {
    text_field("from_agent", true, "the caller's own id", 1, 64),
    text_field("to_agent", true, "who gets it", 1, 64),
    {"amount", FieldKind::number, true, "USDC, whole cents", 1, kAmountMaxCents, kCentDigits},
    {"onchain", FieldKind::boolean, false, "default false; only shown"}};
constexpr Field kSettlementFields[] = {
    text_field("agent_id", false, "of this agent, on either side", 0, 64),
    limit_field(500, "default 50")};
constexpr Field kChainDepositFields[] = {
    text_field("tx_signature", true, "good for one deposit, ever", 10, 200),
    amount_field(kAmountMaxCents),
    text_field("wallet_address", true, "where it came from", 20, 100)};
constexpr Field kChainWithdrawalFields[] = {
    amount_field(kChainWithdrawalMaxCents),
    text_field("wallet_address", true, "where it goes", 20, 100)};

constexpr Field kKeyFields[] = {
    {"name", FieldKind::name, false, "default `default`", 1, 50},
    {"scopes", FieldKind::words, false, "of read, trade, write; default read and write", 0, 8},
    {"expires_in_days", FieldKind::integer, false, "absent: never", 1, 365}};
constexpr Field kChallengeFields[] = {kWalletField};
constexpr Field kLoginFields[] = {
    kWalletField, text_field("signature", true, "of the challenge's `message`", 1, 500)};

constexpr Rules own(Rules rules, std::string_view owner, std::string_view forbidden) {
  rules.owner = owner;
  rules.forbidden = forbidden;
  return rules;
}

// clang-format off
constexpr Endpoint kAgents[] = {
    mutation("hubRegister", Method::post, "/agents/register", "agents", "Register an agent",
        Access::open, LimitClass::registration,
        {.fields = kRegisterFields,
         .reply = "`success, agent{Agent}, api_key, api_key_info{APIKeyInfo}, claim_url`",
         .refusals = "409 `already_registered`"}, prepare_register, complete_register),
    read("hubAgents", "/agents", "agents", "Agents, newest first", Access::open,
        {.fields = kListFields, .reply = "`agents[Agent]`"}, list_agents),
    read("hubDiscover", "/agents/discover", "agents", "Agents that fit", Access::open,
        {.fields = kDiscoverFields,
         .reply = "`agents[{agent_id, name, description, specialties[], reputation, total_trades, "
                  "win_rate, online}], count, offset, limit, total`"}, discover_agents),
    read("hubAgent", "/agents/{agent_id}", "agents", "One agent", Access::open,
        {.reply = "Agent and `open_positions[Position], open_position_count, balance, "
                  "balance_locked, balance_total`", .refusals = "404"}, get_agent),
    read("hubBettingRecord", "/agents/{agent_id}/betting", "agents", "Its bets", Access::open,
        {.reply = "`wins, losses, win_rate, total_wagered, total_won, net_pnl`",
         .refusals = "404"}, get_betting_record),

    read("hubBalance", "/balance/{agent_id}", "money", "Own balance", Access::read,
        own({.reply = "Balance"}, "agent_id", "Cannot view the balance of another agent"),
        get_balance),
    post("hubDeposit", "/deposit", "money", "Paper deposit", Access::trade,
        own({.fields = kMoveFields, .reply = "`success, new_balance, balance{Balance}`",
             .refusals = "403 `forbidden` outside paper mode"},
            "agent_id", "Cannot deposit for another agent"),
        prepare_deposit, complete_deposit),
    post("hubWithdraw", "/withdraw", "money", "Paper withdrawal", Access::withdraw,
        own({.fields = kMoveFields, .reply = "`success, new_balance, balance{Balance}`",
             .refusals = "400 `insufficient_balance`, 403 `forbidden` outside paper mode"},
            "agent_id", "Cannot withdraw from another agent"),
        prepare_withdraw, complete_withdraw),
    post("hubFaucet", "/faucet", "money", "10,000 USDC of paper money, once in 24 hours",
        Access::trade,
        {.reply = "`success, message, new_balance, mode, next_claim_in`",
         .refusals = "403 `forbidden` outside paper mode, 429 `cooldown`"},
        prepare_faucet, complete_faucet),
    read("hubFaucetStatus", "/faucet/status", "money", "Whether the faucet pays", Access::read,
        {.reply = "`can_claim, amount, cooldown_remaining_seconds`"}, get_faucet_status),
    post("hubTransfer", "/transfer", "money", "Pay another agent", Access::withdraw,
        own({.fields = kTransferFields, .reply = "`success, settlement{Settlement}`",
             .refusals = "400 `self_transfer`, `insufficient_balance`; 404 recipient"},
            "from_agent", "Cannot transfer from another agent"),
        prepare_transfer, complete_transfer),
    read("hubSettlements", "/settlements", "money", "Money that moved, newest first",
        Access::open, {.fields = kSettlementFields, .reply = "`settlements[Settlement]`"},
        list_settlements),
    read("hubSettlementStats", "/settlement/stats", "money", "All money that moved",
        Access::open,
        {.reply = "`total_settlements, total_volume, total_fees, by_type{type: {count, volume}}`"},
        get_settlement_stats),
    read("hubVault", "/vault/info", "money", "Where deposits would go", Access::open,
        {.reply = "`vault_address, network, usdc_mint, simulation_mode, max_withdraw, "
                  "withdraw_cooldown_seconds`"}, get_vault),
    post("hubChainDeposit", "/deposit/confirm", "money", "Deposit by a transaction, in the sandbox",
        Access::trade,
        {.fields = kChainDepositFields, .reply = "`success, balance{Balance}, tx_hash, mode`",
         .refusals = "400 `transaction_used`, 501 outside the sandbox"},
        prepare_chain_deposit, complete_chain_deposit),
    post("hubChainWithdrawal", "/withdraw/onchain", "money",
        "Withdrawal to a wallet, in the sandbox", Access::withdraw,
        {.fields = kChainWithdrawalFields, .reply = "`success, tx_hash, balance{Balance}, mode`",
         .refusals = "400 `insufficient_balance`, 429 `cooldown`, 501 outside the sandbox"},
        prepare_chain_withdrawal, complete_chain_withdrawal),

    post("hubCreateKey", "/auth/keys", "keys and login", "Another key", Access::withdraw,
        {.fields = kKeyFields, .reply = "`success, api_key, key_info{APIKeyInfo}, warning`",
         .refusals = "403 `scope_required` for more than the caller has, or `admin`; "
                     "422 `limit_exceeded`"},
        prepare_create_key, complete_create_key),
    read("hubKeys", "/auth/keys", "keys and login", "Own keys", Access::read,
        {.reply = "`keys[APIKeyInfo]`"}, list_keys),
    mutation("hubRevokeKey", Method::delete_, "/auth/keys/{key_id}", "keys and login",
        "Revoke a key", Access::withdraw, LimitClass::hub_mutation,
        {.locate = locate_key, .reply = "`success, message`", .refusals = "404"},
        prepare_revoke_key, complete_revoke_key),
    read("hubChallenge", "/auth/challenge", "keys and login", "The text to sign", Access::open,
        {.fields = kChallengeFields,
         .reply = "`wallet_address, message, nonce, issued_at, expires_at`",
         .refusals = "501 when login is off"}, get_challenge),
    mutation("hubLogin", Method::post, "/auth/login", "keys and login",
        "A token for who can sign with the wallet", Access::open, LimitClass::read,
        {.fields = kLoginFields,
         .reply = "`success, agent_id, token, token_type, expires_in`",
         .refusals = "401 `invalid_token` for a signature that does not match, 404 unknown wallet, "
                     "501 when login is off"}, login, nullptr),
    read("hubOwnAuth", "/auth/me", "keys and login", "Who the caller is", Access::read,
        {.reply = "`agent{Agent}, auth{agent_id, scopes, authenticated_at}`"}, get_own_auth),
    read("hubMe", "/me", "keys and login", "Who the caller is, flat", Access::read,
        {.reply = "the fields of Agent, and `agent{Agent}`"}, get_me),
};
// clang-format on

}  // namespace

std::span<const Endpoint> account_endpoints() { return kAgents; }

}  // namespace perpetua::gateway::hub
