#include "gateway/http/dispatcher.hpp"

#include <algorithm>

#include "gateway/codec/fields.hpp"
#include "gateway/codec/parse.hpp"
#include "gateway/hub/pipeline.hpp"
#include "gateway/hub/services.hpp"

namespace perpetua::gateway {
namespace {

bool parse_method(std::string_view name, Method& method) {
  if (name == "HEAD") name = "GET";
  for (const Method candidate :
       {Method::get, Method::post, Method::put, Method::patch, Method::delete_}) {
    if (method_name(candidate) == name) {
      method = candidate;
      return true;
    }
  }
  return false;
}

bool is_json(std::string_view content_type) {
  constexpr std::string_view kJson = "application/json";
  if (content_type.empty()) return true;
  const std::string_view kind = content_type.substr(0, content_type.find_first_of("; "));
  return std::equal(kind.begin(), kind.end(), kJson.begin(), kJson.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
  });
}

const FieldSpec* spec_of(FieldSpecs specs, std::string_view name) {
  for (const FieldSpec& spec : specs) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

bool lacks_budget(const GatewayContext& context, LimitClass limit_class, AgentId agent,
                  int64_t now_ns) {
  SharedWindow* window = context.services.hub->window_of(limit_class);
  if (window != nullptr) return window->must_ask(agent, now_ns);
  return context.limiter.must_ask(limit_class, agent, now_ns);
}

bool require_scope(Call& call, uint8_t scope, std::string_view name) {
  if (call.principal.is_operator) {
    return call.fail(ResultCode::forbidden, std::string(name),
                     "the operator has no account: use an agent's key");
  }
  return call.principal.has(scope) || call.fail(ResultCode::forbidden, std::string(name));
}

}  // namespace

Next Dispatcher::begin(Call& call, const Request& request, int64_t now_ns) const {
  if (!route(call, request)) return Next::done;
  const Endpoint& endpoint = *call.endpoint;
  const std::string_view key = presented_key(request.x_api_key, request.authorization);
  if (must_pass_barrier(call, key)) return Next::barrier;
  if (must_ask(call, request, key, now_ns)) return Next::admission;
  if (endpoint.surface == Surface::hub) {
    const hub::Credentials credentials{request.x_api_key, request.authorization};
    if (!hub::admit(call, credentials, request.target, now_ns)) {
      return call.wants_disk ? Next::locating : Next::done;
    }
  } else if (!admit(call, key, now_ns) || !check_access(call) ||
             !check_input(call, request.target)) {
    return Next::done;
  }
  return handle(call);
}

Next Dispatcher::handle(Call& call) const {
  const Endpoint& endpoint = *call.endpoint;
  call.note_ask.reset();
  call.notes_read = 0;
  if (endpoint.respond != nullptr) return respond(call);
  const bool is_prepared = endpoint.prepare(call);
  if (call.note_ask) return Next::note;
  if (!is_prepared || call.submissions.empty()) return Next::done;
  if (!apply_idempotency_key(call.idempotency_key, call.submissions, call.error)) return Next::done;
  name_key(call.principal, call.submissions);
  return Next::submit;
}

Next Dispatcher::respond(Call& call) {
  call.wants_account = false;
  call.endpoint->respond(call);
  if (call.wants_account) return Next::account;
  if (call.note_ask) return Next::note;
  return call.wants_disk ? Next::blocking : Next::done;
}

Next Dispatcher::finish(Call& call) const {
  if (!call.endpoint->complete(call)) return Next::done;
  name_key(call.principal, call.submissions);
  return Next::submit;
}

bool Dispatcher::route(Call& call, const Request& request) const {
  Method method = Method::get;
  std::string_view path = request.target.substr(0, request.target.find('?'));
  const bool is_known = parse_method(request.method, method);
  call.is_hub = hub::is_hub_path(path);
  if (call.is_hub) path = hub::without_last_slash(path);
  call.path_values.clear();  // begin() may come twice
  Router::Match match = router_.match(method, path, call.path_values);
  if (match.endpoint == nullptr || !is_known) {
    const hub::Credentials credentials{request.x_api_key, request.authorization};
    if (hub::refuse_known_path(call, credentials, request.method, path)) return false;
    if (match.endpoint == nullptr && match.allow.empty()) return call.fail(ResultCode::not_found);
    call.allow = match.endpoint != nullptr ? method_name(match.endpoint->method) : match.allow;
    return call.fail(ResultCode::method_not_allowed);
  }
  call.endpoint = match.endpoint;
  call.is_hub = match.endpoint->surface == Surface::hub;
  const bool is_served =
      match.endpoint->is_status || call.context.options.served_paths == ServedPaths::full;
  return is_served || call.fail(ResultCode::not_served_here);
}

// What shows state waits; so does a key that is not known here, which may be new. Once a request.
bool Dispatcher::must_pass_barrier(const Call& call, std::string_view key) {
  if (call.has_passed_barrier || !call.context.services.needs_barrier()) return false;
  if (call.endpoint->shows_state()) return true;
  Principal ignored;
  return call.endpoint->tag != "system" && !key.empty() &&
         !call.context.authenticator.authenticate(key, call.now_ms, ignored);
}

// Whether processes share what the admission needs and this one does not have it at hand.
bool Dispatcher::must_ask(Call& call, const Request& request, std::string_view key,
                          int64_t now_ns) {
  const GatewayContext& context = call.context;
  AdmissionAsks& asks = call.asks;
  const bool is_token = call.endpoint->surface == Surface::hub && !key.starts_with(kApiKeyPrefix);
  if (!is_token && context.authenticator.must_ask(key, asks)) return true;
  if (asks.has_asked_budget || !context.limiter.is_shared() || key.empty()) return false;
  Principal who;
  if (is_token) {
    who.agent = hub::token_agent(call, {request.x_api_key, request.authorization});
  } else if (!context.authenticator.authenticate(key, call.now_ms, who, &asks)) {
    return false;
  }
  if (who.agent == 0 || !lacks_budget(context, call.endpoint->limit, who.agent, now_ns)) {
    return false;
  }
  asks.agent = who.agent;
  asks.limit_class = static_cast<uint8_t>(call.endpoint->limit);
  asks.now_ns = now_ns;
  asks.needs_budget = true;
  asks.has_asked_budget = true;
  return true;
}

// Who it is, then whether the budget allows it. A bad key pays from the address's budget.
bool Dispatcher::admit(Call& call, std::string_view key, int64_t now_ns) {
  const Endpoint& endpoint = *call.endpoint;
  const GatewayContext& context = call.context;
  bool is_known = false;
  if (!key.empty()) {
    is_known = context.authenticator.authenticate(key, call.now_ms, call.principal, &call.asks);
  }
  const bool needs_key = endpoint.access != Access::open;
  const bool is_refused = !is_known && (needs_key || !key.empty());
  // What is free for those with a key is not free for those without.
  const bool is_free = endpoint.limit == LimitClass::none && !needs_key;
  const LimitClass limit_class = call.principal.is_operator ? LimitClass::none
                                 : is_refused && !is_free   ? LimitClass::read
                                                            : endpoint.limit;
  call.limit = context.limiter.take(limit_class, call.principal.agent, call.address, now_ns);
  if (!call.limit.is_allowed) {
    call.fail(ResultCode::rate_limited, std::string(call.limit.name));
    call.error.retry_after_s = call.limit.retry_after_s;
    return false;
  }
  return !is_refused || call.fail(ResultCode::unauthorized);
}

bool Dispatcher::check_access(Call& call) {
  const bool is_sandbox = call.context.options.mode == Mode::sandbox;
  switch (call.endpoint->access) {
    case Access::open:
      return true;
    case Access::read:
      return require_scope(call, kScopeRead, "read");
    case Access::trade:
      return require_scope(call, kScopeTrade, "trade");
    case Access::withdraw:
      return require_scope(call, kScopeWithdraw, "withdraw");
    case Access::sandbox_trade:
      if (!is_sandbox) return call.fail(ResultCode::not_in_this_mode);
      return require_scope(call, kScopeTrade, "trade");
    case Access::funding:
    case Access::payout:
      if (call.principal.is_operator) return true;
      if (!is_sandbox) return call.fail(ResultCode::forbidden, "operator");
      return call.endpoint->access == Access::funding
                 ? require_scope(call, kScopeTrade, "trade")
                 : require_scope(call, kScopeWithdraw, "withdraw");
    case Access::operator_only:
      return call.principal.is_operator || call.fail(ResultCode::forbidden, "operator");
  }
  return false;
}

bool Dispatcher::check_input(Call& call, std::string_view target) {
  const Endpoint& endpoint = *call.endpoint;
  const std::size_t mark = target.find('?');
  if (mark != std::string_view::npos) {
    std::string bad_name;
    if (!parse_query(target.substr(mark + 1), endpoint.query_fields, call.query_values, bad_name)) {
      return call.fail(ResultCode::invalid_field, bad_name,
                       "unknown, repeated or badly encoded parameter");
    }
  }
  for (const Parameter& parameter : call.path_values) {
    const FieldSpec* spec = spec_of(endpoint.path_fields, parameter.name);
    if (spec != nullptr && !check_text(parameter.value, *spec, call.error)) return false;
  }
  for (const Parameter& parameter : call.query_values) {
    const FieldSpec* spec = spec_of(endpoint.query_fields, parameter.name);
    if (!check_text(parameter.value, *spec, call.error)) return false;
  }
  for (const FieldSpec& spec : endpoint.query_fields) {
    if (spec.required && !call.query_value(spec.name)) {
      return call.fail(ResultCode::missing_field, std::string(spec.name));
    }
  }
  if (endpoint.prepare == nullptr) return true;
  if (!call.body_text.empty() && !is_json(call.content_type_in)) {
    return call.fail(ResultCode::unsupported_media_type, "Content-Type");
  }
  call.body = call.json.parse(call.body_text, call.error);
  return call.body != nullptr && check_fields(*call.body, endpoint.body_fields, call.error);
}

}  // namespace perpetua::gateway
