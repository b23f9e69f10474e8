// Who am I, keys, login by a wallet's signature.

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <charconv>

#include "gateway/auth/scope_names.hpp"
#include "gateway/auth/wallet_signature.hpp"
#include "gateway/hub/agent_view.hpp"
#include "gateway/hub/challenge.hpp"
#include "gateway/hub/handlers.hpp"
#include "gateway/hub/render.hpp"
#include "gateway/hub/services.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr int64_t kMsPerDay = 86'400'000;
constexpr int64_t kMsPerSecond = 1'000;

std::optional<stores::KeyView> find_key(const Call& call, uint32_t key_id) {
  for (const stores::KeyView& key : call.hot().keys(call.principal.agent)) {
    if (key.key_id == key_id) return key;
  }
  return std::nullopt;
}

// Scopes of the request: false with 422 for an unknown one, 403 for more than the caller has.
bool read_scopes(Call& call, uint8_t& scopes) {
  scopes = kScopesAll;
  bool wants_admin = false;
  if (const Value& value = input(call, "scopes"); value.is_present) {
    scopes = 0;
    for (const boost::json::value& entry : value.json->get_array()) {
      const std::string_view name(entry.get_string().data(), entry.get_string().size());
      const auto bits = scope_bits(name);
      if (!bits && name != "admin") {
        return refuse_field(call, "body", "scopes", "must be of read, write, trade, admin", "enum");
      }
      wants_admin = wants_admin || name == "admin";
      scopes |= bits.value_or(0);
    }
    if (scopes == 0 && !wants_admin) {
      return refuse_field(call, "body", "scopes", "must name at least one scope", "too_short");
    }
  }
  if (wants_admin) return refuse(call, kScopeRequired, "Scope 'admin' required");
  if (call.principal.has(scopes)) return true;
  std::string missing;
  for_each_scope_name(static_cast<uint8_t>(scopes & ~call.principal.scopes),
                      [&](std::string_view name) { missing = name; });
  return refuse(call, kScopeRequired, "Scope '" + missing + "' required");
}

void write_auth(const Call& call, JsonWriter& json) {
  json.begin_object().key("agent_id").text(agent_name(call.principal.agent));
  json.key("scopes").begin_array();
  for_each_scope_name(call.principal.scopes, [&](std::string_view name) { json.text(name); });
  json.end_array();
  write_time(json.key("authenticated_at"), call.now_ms);
  json.end_object();
}

// How often an agent has logged in is noted for longer than a challenge is good, so that the
// signature of one is good once: of those who bring it, at whatever process, one counts on.
constexpr int64_t kLoginNoteMs = 3 * kChallengeWindowMs;

std::string login_note(AgentId agent) { return "login:{" + std::to_string(agent) + "}"; }

bool refuse_uncounted(Call& call) {
  return refuse(call, kExchangeUnavailable,
                "Logins cannot be counted now: ask for a new challenge");
}

bool refuse_signature(Call& call) {
  return refuse(call, kInvalidToken,
                "Invalid signature: sign a new message of GET /auth/challenge with this wallet");
}

// Empty: none lately. False: return now.
bool read_logins(Call& call, AgentId agent, std::string& logins) {
  const NoteAnswer* note = call.ask({NoteAsk::Kind::read, login_note(agent), {}, {}, 0});
  if (note == nullptr) return false;
  if (!note->is_known) return refuse_uncounted(call);
  logins = note->value;
  return true;
}

bool spend_signature(Call& call, AgentId agent, const std::string& logins) {
  uint64_t count = 0;
  std::from_chars(logins.data(), logins.data() + logins.size(), count);
  const NoteAnswer* note = call.ask(
      {NoteAsk::Kind::swap, login_note(agent), logins, std::to_string(count + 1), kLoginNoteMs});
  if (note == nullptr) return false;
  if (!note->is_known) return refuse_uncounted(call);
  return note->is_done || refuse_signature(call);
}

bool has_login(Call& call) {
  if (call.context.options.hub.has_wallet_login) return true;
  return refuse(call, kNotImplemented, "Login by wallet is switched off");
}

}  // namespace

void get_own_auth(Call& call) {
  JsonWriter json(call.reply);
  json.begin_object().key("agent");
  write_agent(json, call.hot(), own_agent(call));
  json.key("auth");
  write_auth(call, json);
  json.end_object();
}

void get_me(Call& call) {
  JsonWriter json(call.reply);
  json.begin_object();
  write_agent_members(json, call.hot(), own_agent(call));
  json.key("agent");
  write_agent(json, call.hot(), own_agent(call));
  json.end_object();
}

bool prepare_create_key(Call& call) {
  uint8_t scopes = 0;
  if (!read_scopes(call, scopes)) return false;
  const Value& name = input(call, "name");
  const Value& days = input(call, "expires_in_days");
  ApiKey key = call.context.services.keys.make();
  runtime::Submission& submission = add_submission(call);
  submission.command = Command(CommandType::create_key, call.principal.agent);
  submission.command.create_key = CreateKey();
  CreateKey& create = submission.command.create_key;
  create.key_sha256 = key.sha256;
  create.scopes = scopes;
  if (days.is_present) create.expires_at_ms = call.now_ms + days.number * kMsPerDay;
  submission.text = name.is_present ? name.text : std::string_view("default");
  call.new_api_key = std::move(key.text);
  return true;
}

bool complete_create_key(Call& call) {
  if (!is_done(call)) return false;
  const auto key = find_key(call, static_cast<uint32_t>(outcome_of(call).id));
  if (!key) return refuse(call, kNotFound, "API key not found");
  JsonWriter json(call.reply);
  json.begin_object().key("success").boolean(true);
  json.key("api_key").text(call.new_api_key);
  json.key("key_info");
  write_key(json, call, *key);
  json.key("warning").text("Store this key: it is shown only now").end_object();
  return false;
}

void list_keys(Call& call) {
  JsonWriter json(call.reply);
  json.begin_object().key("keys").begin_array();
  for (const stores::KeyView& key : call.hot().keys(call.principal.agent)) {
    write_key(json, call, key);
  }
  json.end_array().end_object();
}

// Another agent's key is as unknown as one that never was.
bool locate_key(Call& call) {
  const auto number = parse_id_text(IdKind::key, call.path_value("key_id"));
  if (number && *number <= UINT32_MAX && find_key(call, static_cast<uint32_t>(*number))) {
    return true;
  }
  return refuse(call, kNotFound, "API key not found");
}

bool prepare_revoke_key(Call& call) {
  const auto number = parse_id_text(IdKind::key, call.path_value("key_id"));
  Command& command = add_submission(call).command;
  command = Command(CommandType::revoke_key, call.principal.agent);
  command.revoke_key = RevokeKey();
  command.revoke_key.key_id = static_cast<uint32_t>(*number);
  return true;
}

bool complete_revoke_key(Call& call) {
  if (!is_done(call)) return false;
  JsonWriter json(call.reply);
  json.begin_object().key("success").boolean(true);
  json.key("message").text("API key revoked").end_object();
  return false;
}

void get_challenge(Call& call) {
  if (!has_login(call)) return;
  const std::string_view wallet = input(call, "wallet_address").text;
  const auto agent = call.hot().agent_by_wallet(wallet);
  std::string logins;
  if (agent && !read_logins(call, agent->id, logins)) return;
  const HubServices& services = *call.context.services.hub;
  const Challenge challenge =
      make_challenge(services.tokens, wallet, services.login_salt + logins, call.now_ms);
  JsonWriter json(call.reply);
  json.begin_object().key("wallet_address").text(wallet);
  json.key("message").text(challenge.message);
  json.key("nonce").text(challenge.nonce);
  write_time(json.key("issued_at"), challenge.issued_at_ms);
  write_time(json.key("expires_at"), challenge.expires_at_ms);
  json.end_object();
}

bool login(Call& call) {
  if (!has_login(call)) return false;
  const std::string_view wallet = input(call, "wallet_address").text;
  const std::string_view signature = input(call, "signature").text;
  const auto agent = call.hot().agent_by_wallet(wallet);
  if (!agent) return refuse(call, kNotFound, "Wallet not found: register it first");
  const TokenSigner& tokens = call.context.services.hub->tokens;
  std::string logins;
  if (!read_logins(call, agent->id, logins)) return false;
  const std::string name = call.context.services.hub->login_salt + logins;
  bool is_signed = false;
  for (const Challenge& challenge : open_challenges(tokens, wallet, name, call.now_ms)) {
    is_signed = is_signed || wallet_signed(agent->wallet, challenge.message, signature);
  }
  if (!is_signed) return refuse_signature(call);
  if (!spend_signature(call, agent->id, logins)) return false;
  TokenClaims claims;
  claims.subject = agent_name(agent->id);
  claims.scopes = kScopesAll;
  claims.issued_at_ms = call.now_ms;
  claims.expires_at_ms = call.now_ms + kTokenLifetimeMs;
  JsonWriter json(call.reply);
  json.begin_object().key("success").boolean(true);
  json.key("agent_id").text(claims.subject);
  json.key("token").text(tokens.sign(claims));
  json.key("token_type").text("bearer");
  json.key("expires_in").number(kTokenLifetimeMs / kMsPerSecond).end_object();
  return true;
}

}  // namespace perpetua::gateway::hub
