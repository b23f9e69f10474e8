// Registration, agents, betting records.

#include <algorithm>

#include "engine/schema/wallet.hpp"
#include "gateway/codec/parse.hpp"
#include "gateway/hub/agent_index.hpp"
#include "gateway/hub/agent_view.hpp"
#include "gateway/hub/handlers.hpp"
#include "gateway/hub/render.hpp"
#include "gateway/hub/text.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr std::size_t kHandleCharactersMax = 15;

bool is_word(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  });
}

bool is_base58(std::string_view text) {
  return is_word(text) && text.find_first_of("0OIl_") == std::string_view::npos;
}

// The three forms that are wallets here; everything else is refused.
bool is_wallet(std::string_view wallet) {
  constexpr std::size_t kWordMin = 8;
  if (is_evm_address(wallet)) return true;
  if (wallet.starts_with("0x")) {
    return wallet.size() >= kWordMin + 2 && is_word(wallet.substr(2));
  }
  return wallet.size() >= 32 && wallet.size() <= 44 && is_base58(wallet);
}

bool read_handle(Call& call, std::string_view& handle) {
  const Value& value = input(call, "twitter_handle");
  if (!value.is_present) return true;
  handle = value.text;
  if (handle.starts_with('@')) handle.remove_prefix(1);
  if (!handle.empty() && handle.size() <= kHandleCharactersMax && is_word(handle)) return true;
  return refuse_field(call, "body", "twitter_handle",
                      "must be 1 to 15 letters, digits or underscores", "string_pattern_mismatch");
}

bool refuse_taken(Call& call, std::string_view wallet) {
  const auto owner = call.hot().agent_by_wallet(wallet);
  const std::string name = owner ? agent_name(owner->id) : std::string("another agent");
  return refuse(call, kAlreadyRegistered,
                "Wallet already registered as " + name + ": log in or use its API key");
}

std::optional<AgentId> path_agent(Call& call) {
  const auto agent = parse_agent_name(call.path_value("agent_id"));
  if (agent && call.hot().account(*agent)) return agent;
  refuse(call, kNotFound, "Agent not found");
  return std::nullopt;
}

// A repeat must give the same key's digest to be recognised; the key itself is shown once.
void name_request(Call& call, runtime::Submission& submission, std::string_view wallet) {
  std::string scoped(call.idempotency_key);
  scoped.append("\n").append(wallet);
  submission.command.header.key = hash128_text(scoped, 0);
  call.idempotency_key = {};
}

}  // namespace

bool prepare_register(Call& call) {
  if (!check_idempotency_key(call.idempotency_key, call.error)) return false;
  const std::string_view wallet = input(call, "wallet_address").text;
  if (!is_wallet(wallet)) {
    return refuse_field(call, "body", "wallet_address",
                        "must be 0x and 40 hexadecimal digits, base58 of 32 to 44 characters, or "
                        "0x and at least 8 letters, digits or underscores",
                        "string_pattern_mismatch");
  }
  const std::string_view name = input(call, "display_name").text;
  const std::string_view bio = input(call, "bio").text;
  std::string_view handle;
  if (!read_handle(call, handle)) return false;
  if (bio.size() > limits::kBioBytesMax) {
    return refuse_field(call, "body", "bio", "must have at most 500 bytes", "string_too_long");
  }
  const ApiKeySource& keys = call.context.services.keys;
  const bool is_named = !call.idempotency_key.empty();
  ApiKey key = is_named ? keys.make_for("hub register\n" + std::string(wallet) + "\n" +
                                        std::string(call.idempotency_key))
                        : keys.make();
  runtime::Submission& submission = add_submission(call);
  submission.command = Command(CommandType::register_agent);
  submission.command.register_agent = RegisterAgent();
  RegisterAgent& agent = submission.command.register_agent;
  agent.key_sha256 = key.sha256;
  agent.wallet_length = static_cast<uint16_t>(wallet.size());
  agent.display_name_length = static_cast<uint16_t>(name.size());
  agent.bio_length = static_cast<uint16_t>(bio.size());
  agent.twitter_handle_length = static_cast<uint16_t>(handle.size());
  agent.has_risk_limits = 1;
  const ServerOptions& options = call.context.options;
  if (options.mode == Mode::sandbox) agent.start_balance_micro = options.start_balance_micro;
  submission.text.assign(wallet).append(name).append(bio).append(handle);
  call.new_api_key = std::move(key.text);
  if (is_named) name_request(call, submission, wallet);
  return true;
}

bool complete_register(Call& call) {
  const Outcome& outcome = outcome_of(call);
  if (outcome.code == ResultCode::wallet_taken) {
    return refuse_taken(call, input(call, "wallet_address").text);
  }
  if (!is_done(call)) return false;
  if (outcome.replayed != 0) call.new_api_key.clear();
  call.principal.agent = static_cast<AgentId>(outcome.id);
  const auto key_id = static_cast<uint32_t>(outcome.values[0]);
  stores::KeyView key;
  for (const stores::KeyView& row : call.hot().keys(call.principal.agent)) {
    if (row.key_id == key_id) key = row;
  }
  JsonWriter json(call.reply);
  json.begin_object().key("success").boolean(true);
  json.key("agent");
  write_agent(json, call.hot(), own_agent(call));
  json.key("api_key").text(call.new_api_key);
  json.key("api_key_info");
  write_key(json, call, key);
  json.key("claim_url").text("/agents/" + agent_name(call.principal.agent)).end_object();
  return false;
}

void list_agents(Call& call) {
  const auto limit = static_cast<AgentId>(number_or(input(call, "limit"), kPageItemsDefault));
  const int64_t offset = number_or(input(call, "offset"), 0);
  // Ids are dense: the newest is their number.
  const auto count = static_cast<int64_t>(call.hot().totals().agents);
  const int64_t last = std::max<int64_t>(count - offset, 0);
  const int64_t first = std::max<int64_t>(last - limit, 0);
  auto rows =
      call.hot().agents(static_cast<AgentId>(first), static_cast<std::size_t>(last - first));
  std::reverse(rows.begin(), rows.end());
  JsonWriter json(call.reply);
  json.begin_object().key("agents").begin_array();
  for (const stores::AgentView& row : rows) write_agent(json, call.hot(), row);
  json.end_array().end_object();
}

void get_agent(Call& call) {
  const auto id = path_agent(call);
  const auto agent = id ? call.hot().agent(*id) : std::nullopt;
  if (!agent) return;
  const AccountState* state = call.account_state({.agent = *id, .with_holdings = true});
  if (state == nullptr) return;
  JsonWriter json(call.reply);
  write_agent_detail(json, call.hot(), *agent, *state);
}

void get_betting_record(Call& call) {
  const auto id = path_agent(call);
  if (!id) return;
  const stores::BettingView betting = call.hot().betting(*id).value_or(stores::BettingView());
  const BettingRecord& record = betting.record;
  const uint64_t settled = record.wins + record.losses;
  JsonWriter json(call.reply);
  json.begin_object().key("wins").number(static_cast<int64_t>(record.wins));
  json.key("losses").number(static_cast<int64_t>(record.losses));
  write_number(json.key("win_rate"),
               settled == 0 ? 0 : static_cast<int64_t>(record.wins * kPpm / settled), kMicroDigits);
  write_money(json.key("total_wagered"), record.wagered);
  write_money(json.key("total_won"), record.won);
  write_money(json.key("net_pnl"), record.won - record.wagered);
  json.end_object();
}

}  // namespace perpetua::gateway::hub
