#include "gateway/hub/pipeline.hpp"

#include <algorithm>

#include "gateway/auth/scope_names.hpp"
#include "gateway/http/call.hpp"
#include "gateway/hub/format.hpp"
#include "gateway/hub/input.hpp"
#include "gateway/hub/refusal.hpp"
#include "gateway/hub/services.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

enum class Presented : uint8_t { nothing, good, bad_key, bad_token };

bool is_known_agent(const Call& call, AgentId agent) {
  return agent != 0 && call.hot().account(agent).has_value();
}

Presented present_key(Call& call, std::string_view key) {
  Principal principal;
  if (!call.context.authenticator.authenticate(key, call.now_ms, principal, &call.asks) ||
      principal.is_operator) {
    return Presented::bad_key;
  }
  call.principal = principal;
  return Presented::good;
}

std::optional<Principal> token_principal(const Call& call, std::string_view bearer) {
  const auto claims = call.context.services.hub->tokens.verify(bearer, call.now_ms);
  if (!claims) return std::nullopt;
  const auto agent = parse_agent_name(claims->subject);
  if (!agent || !is_known_agent(call, *agent)) return std::nullopt;
  Principal principal;
  principal.agent = *agent;
  principal.scopes = claims->scopes;
  return principal;
}

Presented present(Call& call, const Credentials& credentials) {
  if (!credentials.api_key.empty()) return present_key(call, credentials.api_key);
  const std::string_view bearer = presented_key({}, credentials.authorization);
  if (bearer.empty()) {
    return credentials.authorization.empty() ? Presented::nothing : Presented::bad_token;
  }
  if (bearer.starts_with(kApiKeyPrefix)) return present_key(call, bearer);
  const auto principal = token_principal(call, bearer);
  if (!principal) return Presented::bad_token;
  call.principal = *principal;
  return Presented::good;
}

bool refuse_presented(Call& call, Presented presented) {
  switch (presented) {
    case Presented::nothing:
      return refuse(call, kAuthenticationRequired,
                    "Authentication required: send X-API-Key or Authorization: Bearer");
    case Presented::bad_key:
      return refuse(call, kInvalidApiKey, "Invalid API key");
    case Presented::bad_token:
      return refuse(call, kInvalidToken, "Invalid or expired token");
    case Presented::good:
      return true;
  }
  return false;
}

bool check_credentials(Call& call, const Credentials& credentials) {
  const Presented presented = present(call, credentials);
  if (presented == Presented::good) {
    call.context.services.hub->last_seen.note(call.principal.agent, call.principal.key_id,
                                              call.now_ms);
  }
  if (call.endpoint->access != Access::open) return refuse_presented(call, presented);
  const bool is_bad = presented == Presented::bad_key || presented == Presented::bad_token;
  return !is_bad || !call.endpoint->rules.wants_credentials || refuse_presented(call, presented);
}

bool check_owner(Call& call) {
  const Rules& rules = call.endpoint->rules;
  if (rules.owner.empty()) return true;
  const std::string own = agent_name(call.principal.agent);
  std::string_view named = call.path_value(rules.owner);
  if (named.empty()) {
    const auto in_body = body_text(call, rules.owner);
    if (!in_body) return true;  // the field's own check refuses it, or the caller is meant
    named = *in_body;
  }
  return named == own || refuse(call, kForbidden, std::string(rules.forbidden));
}

bool check_scope(Call& call) {
  const auto require = [&](uint8_t scopes, std::string_view name) {
    if (call.principal.has(scopes)) return true;
    return refuse(call, kScopeRequired, "Scope '" + std::string(name) + "' required");
  };
  switch (call.endpoint->access) {
    case Access::read:
      return require(kScopeRead, "read");
    case Access::trade:
      return require(kScopeTrade, "trade");
    case Access::withdraw:
      return require(kScopesWrite, "write");
    default:
      return true;
  }
}

// Everything at and below these.
constexpr std::string_view kUnofferedTrees[] = {
    "/escrow",     "/backtest",   "/alliances", "/skills",    "/vaults",
    "/copy-trade", "/strategies", "/my/vaults", "/a2a/inbox", "/signals/share"};
// /agents/{id}/<one of these>.
constexpr std::string_view kUnofferedOfAgents[] = {"follow", "inbox", "verify"};

bool is_below(std::string_view path, std::string_view tree) {
  return path.starts_with(tree) && (path.size() == tree.size() || path[tree.size()] == '/');
}

bool is_unoffered(std::string_view path) {
  for (const std::string_view tree : kUnofferedTrees) {
    if (is_below(path, tree)) return true;
  }
  constexpr std::string_view kAgents = "/agents/";
  if (!path.starts_with(kAgents)) return false;
  const std::size_t slash = path.find('/', kAgents.size());
  if (slash == std::string_view::npos) return false;
  const std::string_view rest = path.substr(slash + 1);
  return std::any_of(std::begin(kUnofferedOfAgents), std::end(kUnofferedOfAgents),
                     [rest](std::string_view name) { return is_below(rest, name); });
}

int64_t whole_seconds(int64_t duration_ns) {
  return std::max<int64_t>((duration_ns + kSecondNs - 1) / kSecondNs, 1);
}

bool refuse_rate(Call& call, std::string detail, int64_t retry_after_s) {
  refuse(call, kRateLimited, std::move(detail));
  call.error.retry_after_s = std::max<int64_t>(retry_after_s, 1);
  return false;
}

bool take_window(Call& call, SharedWindow& window, int64_t now_ns) {
  const int64_t wait_ns = window.take(call.principal.agent, now_ns);
  if (wait_ns == 0) return true;
  return refuse_rate(call,
                     "Agent rate limit exceeded: " + std::to_string(window.per_second()) + "/s",
                     whole_seconds(wait_ns));
}

bool check_rate(Call& call, int64_t now_ns) {
  const LimitClass limit = call.endpoint->limit;
  SharedWindow* window = call.context.services.hub->window_of(limit);
  if (window != nullptr) return take_window(call, *window, now_ns);
  call.limit = call.context.limiter.take(limit, call.principal.agent, call.address, now_ns);
  if (call.limit.is_allowed) return true;
  const std::string_view whose = call.limit.name.starts_with("agent") ? "Agent" : "Global";
  const uint32_t per_second = call.limit.name.starts_with("agent")
                                  ? call.context.options.rates.agent_reads.per_second
                                  : call.limit.limit;
  return refuse_rate(
      call, std::string(whose) + " rate limit exceeded: " + std::to_string(per_second) + "/s",
      call.limit.retry_after_s);
}

bool read_fields(Call& call, std::string_view target) {
  const Endpoint& endpoint = *call.endpoint;
  if (endpoint.method != Method::get) return read_body(call, endpoint.rules.fields);
  const std::size_t mark = target.find('?');
  const std::string_view query =
      mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  return read_query(call, query, endpoint.rules.fields);
}

}  // namespace

bool authenticate(Call& call, const Credentials& credentials) {
  return refuse_presented(call, present(call, credentials));
}

AgentId token_agent(const Call& call, const Credentials& credentials) {
  if (!credentials.api_key.empty()) return 0;
  const std::string_view bearer = presented_key({}, credentials.authorization);
  const auto principal = token_principal(call, bearer);
  return principal ? principal->agent : 0;
}

bool admit(Call& call, const Credentials& credentials, std::string_view target, int64_t now_ns) {
  if (!check_credentials(call, credentials)) return false;
  const Rules& rules = call.endpoint->rules;
  if (rules.locate != nullptr && !rules.locate(call)) return false;
  if (call.endpoint->method != Method::get) parse_body(call);  // read_fields tells a fault
  return check_owner(call) && check_scope(call) && read_fields(call, target) &&
         check_rate(call, now_ns);
}

bool refuse_known_path(Call& call, const Credentials& credentials, std::string_view method,
                       std::string_view path) {
  if (!is_unoffered(path)) return false;
  call.is_hub = true;
  const bool is_read = method == "GET" || method == "HEAD";
  if (!is_read && !authenticate(call, credentials)) return true;
  refuse(call, kNotImplemented, "This exchange does not offer this path of the hub");
  return true;
}

std::string_view without_last_slash(std::string_view path) {
  if (path.size() > 2 && path.ends_with('/') && !path.ends_with("//")) path.remove_suffix(1);
  return path;
}

bool is_hub_path(std::string_view target) {
  constexpr std::string_view kNative = "/api/v1";
  if (!target.starts_with(kNative)) return true;
  const std::string_view rest = target.substr(kNative.size());
  return !(rest.empty() || rest.front() == '/' || rest.front() == '?');
}

}  // namespace perpetua::gateway::hub
