#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "gateway/codec/fields.hpp"
#include "gateway/codec/render.hpp"
#include "gateway/codec/safety.hpp"
#include "gateway/native/handlers.hpp"
#include "gateway/native/pages.hpp"

namespace perpetua::gateway::native {
namespace {

// A repeat must give the same key hash to be recognised; strangers share agent 0, so the scope
// holds the wallet (or the agent) too.
ApiKey make_key(Call& call, std::string_view kind, std::string_view owner) {
  const ApiKeySource& keys = call.context.services.keys;
  if (call.idempotency_key.empty()) return keys.make();
  std::string scope(kind);
  scope.append("\n").append(owner).append("\n").append(call.idempotency_key);
  return keys.make_for(scope);
}

bool fail_with_outcome(Call& call) {
  call.error = outcome_error(call.submissions.front().command, call.replies.front().outcome,
                             call.markets());
  return false;
}

// Only the first answer shows the key.
bool finish_new_key(Call& call) {
  const Outcome& outcome = call.replies.front().outcome;
  if (outcome.code != ResultCode::ok) return fail_with_outcome(call);
  if (outcome.replayed != 0) call.new_api_key.clear();
  render_new_key(call.reply, call.submissions.front().command, outcome, call.new_api_key,
                 call.markets());
  return false;
}

}  // namespace

bool prepare_register(Call& call) {
  if (!check_idempotency_key(call.idempotency_key, call.error)) return false;
  runtime::Submission& submission = add_submission(call);
  if (!parse_register(*call.body, submission, call.error)) return false;
  const std::string_view wallet = *text_field(*call.body, "wallet");
  ApiKey key = make_key(call, "register", wallet);
  RegisterAgent& agent = submission.command.register_agent;
  agent.key_sha256 = key.sha256;
  const ServerOptions& options = call.context.options;
  if (options.mode == Mode::sandbox) agent.start_balance_micro = options.start_balance_micro;
  call.new_api_key = std::move(key.text);
  if (!call.idempotency_key.empty()) {
    std::string scoped(call.idempotency_key);
    scoped.append("\n").append(wallet);
    submission.command.header.key = hash128_text(scoped, 0);
    call.idempotency_key = {};
  }
  return true;
}

bool complete_register(Call& call) { return finish_new_key(call); }

void list_agents(Call& call) {
  const auto cursor = call.query_value("cursor");
  const auto after = cursor ? parse_id(*cursor) : 0;
  if (!after || *after > UINT32_MAX) {
    call.fail(ResultCode::invalid_cursor, "cursor");
    return;
  }
  const uint32_t limit = call.page_limit();
  const auto rows = call.hot().agents(static_cast<AgentId>(*after), limit);
  std::string next;
  if (rows.size() == limit) next = std::to_string(rows.back().id);
  write_page(call.reply, rows, next, render_agent);
}

void get_agent(Call& call) {
  const auto id = parse_id(call.path_value("agent_id")).value_or(0);
  const auto agent = id > UINT32_MAX ? std::nullopt : call.hot().agent(static_cast<AgentId>(id));
  if (agent)
    render_agent(call.reply, *agent);
  else
    call.fail(ResultCode::agent_not_found, "agent_id");
}

// A key cannot make one that may do more than itself: the endpoint asks for all scopes it can give.
bool prepare_create_key(Call& call) {
  runtime::Submission& submission = add_submission(call);
  if (!parse_create_key(*call.body, parse_context(call), submission, call.error)) return false;
  CreateKey& create = submission.command.create_key;
  if (!call.principal.has(create.scopes)) {
    return call.fail(ResultCode::forbidden, "scopes", "a key may not grant more than it has");
  }
  ApiKey key = make_key(call, "key", std::to_string(call.principal.agent));
  create.key_sha256 = key.sha256;
  call.new_api_key = std::move(key.text);
  const boost::json::value* limits = call.body->if_contains("limits");
  if (limits == nullptr || limits->is_null()) return true;
  if (!parse_key_limits(limits->get_object(), parse_context(call), create.limits, call.error)) {
    call.error.field = "limits." + call.error.field;
    return false;
  }
  return true;
}

bool complete_create_key(Call& call) { return finish_new_key(call); }

void list_keys(Call& call) {
  write_list(call.reply, call.hot().keys(call.principal.agent),
             [&call](std::string& out, const stores::KeyView& view) {
               render_key(out, view, call.markets());
             });
}

bool prepare_revoke_key(Call& call) {
  uint32_t key_id = 0;
  if (!path_key(call, key_id)) return false;
  runtime::Submission& submission = add_submission(call);
  submission.command = Command(CommandType::revoke_key, call.principal.agent);
  submission.command.revoke_key = RevokeKey();
  submission.command.revoke_key.key_id = key_id;
  submission.command.header.valid_until_ms = integer_field(*call.body, "valid_until").value_or(0);
  return true;
}

}  // namespace perpetua::gateway::native
