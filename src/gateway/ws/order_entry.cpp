#include <array>
#include <boost/json/object.hpp>
#include <chrono>
#include <memory>
#include <vector>

#include "gateway/codec/fields.hpp"
#include "gateway/codec/json_writer.hpp"
#include "gateway/codec/parse.hpp"
#include "gateway/codec/render.hpp"
#include "gateway/codec/safety.hpp"
#include "gateway/codec/safety_fields.hpp"
#include "gateway/context.hpp"
#include "gateway/limits/rate_limiter.hpp"
#include "gateway/ws/operations.hpp"
#include "gateway/ws/session.hpp"
#include "gateway/ws/shard.hpp"
#include "gateway/ws/splice.hpp"

namespace perpetua::gateway::ws {
namespace {

using boost::json::object;
using runtime::Submission;
using Submissions = std::vector<Submission>;

// The HTTP body's fields behind those of the envelope.
template <std::size_t N>
constexpr std::array<FieldSpec, N + 3> with_envelope(const FieldSpec (&body)[N]) {
  std::array<FieldSpec, N + 3> fields = {kOperationField, kRequestIdField, kIdempotencyField};
  for (std::size_t i = 0; i < N; ++i) fields[i + 3] = body[i];
  return fields;
}

constexpr auto kPlace = with_envelope(kPlaceFields);
constexpr auto kIntentEntry = with_envelope(kIntentFields);
constexpr auto kTriggerEntry = with_envelope(kTriggerFields);
constexpr auto kAmend = with_envelope(kAmendNamedFields);
constexpr auto kCancel = with_envelope(kCancelNamedFields);
constexpr auto kCancelEverything = with_envelope(kCancelAllFields);
constexpr auto kSwitch = with_envelope(kCancelAllAfterFields);
constexpr auto kBatchPlace = with_envelope(kBatchPlaceFields);
constexpr auto kBatchCancel = with_envelope(kBatchCancelFields);

using Parse = bool (*)(const object&, const ParseContext&, Submissions&, ApiError&);

template <auto parse_one>
bool parse_single(const object& body, const ParseContext& context, Submissions& submissions,
                  ApiError& error) {
  submissions.resize(1);
  return parse_one(body, context, submissions.front(), error);
}

template <auto parse_one>
bool parse_named(const object& body, const ParseContext& context, Submissions& submissions,
                 ApiError& error) {
  OrderName name;
  submissions.resize(1);
  return parse_order_name(body, context, name, error) &&
         parse_one(body, context, name, submissions.front(), error);
}

struct Entry {
  std::string_view op;
  FieldSpecs fields;
  Parse parse;
  LimitClass limit_class;
  bool is_batch;
};

constexpr Entry kEntries[] = {
    {"place", kPlace, parse_single<parse_place>, LimitClass::mutation, false},
    {"intent", kIntentEntry, parse_single<parse_intent>, LimitClass::mutation, false},
    {"trigger", kTriggerEntry, parse_single<parse_trigger>, LimitClass::mutation, false},
    {"amend", kAmend, parse_named<parse_amend>, LimitClass::mutation, false},
    {"cancel", kCancel, parse_named<parse_cancel>, LimitClass::cancel, false},
    {"cancel_all", kCancelEverything, parse_single<parse_cancel_all>, LimitClass::cancel, false},
    {"cancel_all_after", kSwitch, parse_single<parse_cancel_all_after>, LimitClass::none, false},
};
constexpr Entry kBatchPlaceEntry = {"batch", kBatchPlace, parse_batch_place, LimitClass::mutation,
                                    true};
constexpr Entry kBatchCancelEntry = {"batch", kBatchCancel, parse_batch_cancel,
                                     LimitClass::cancel, true};

const Entry* find_entry(std::string_view op, const object& message) {
  for (const Entry& entry : kEntries) {
    if (entry.op == op) return &entry;
  }
  if (op != "batch") return nullptr;
  return message.contains("orders") ? &kBatchPlaceEntry : &kBatchCancelEntry;
}

int64_t steady_now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::string begin_reply(RequestId id, bool is_ok) {
  std::string out = R"({"type":"reply","id":)";
  out.reserve(384);
  if (id) {
    append_integer(out, *id);
  } else {
    out += "null";
  }
  out += is_ok ? ",\"ok\":true" : ",\"ok\":false";
  return out;
}

void send_refusal(Session& session, RequestId id, const ApiError& error) {
  std::string out = begin_reply(id, false);
  out += ",\"error\":";
  render_error(out, error);
  if (error.retry_after_s > 0) {
    out += ",\"retry_after\":";
    append_integer(out, error.retry_after_s);
  }
  out += '}';
  session.send(out);
}

// What a reply needs once the outcomes are there; the body of the request is gone by then.
struct Pending {
  std::weak_ptr<Session> session;
  RequestId id;
  bool is_batch = false;
  std::vector<Command> commands;
};

void send_outcomes(Session& session, const Pending& pending, std::span<const Reply> replies) {
  const MarketDirectory& markets = session.shard().context().markets;
  if (pending.is_batch) {
    std::string out = begin_reply(pending.id, true);
    out += ",\"results\":";
    char separator = '[';
    for (std::size_t i = 0; i < replies.size(); ++i) {
      out += separator;
      separator = ',';
      render_batch_entry(out, pending.commands[i], replies[i].outcome, markets);
    }
    out += "]}";
    return session.send(out);
  }
  const Command& command = pending.commands.front();
  const Outcome& outcome = replies.front().outcome;
  if (outcome.code != ResultCode::ok) {
    return send_refusal(session, pending.id, outcome_error(command, outcome, markets));
  }
  std::string out = begin_reply(pending.id, true);
  append_fields(out, [&](std::string& body) { render_outcome(body, command, outcome, markets); });
  session.send(out);
}

bool check_admission(Session& session, const Entry& entry, ApiError& error) {
  const Principal& principal = session.principal();
  if (principal.agent == 0) {
    error = ApiError(ResultCode::unauthorized, "op", "order entry needs an API key",
                     "send {\"op\":\"auth\",\"key\":\"th_...\"} first");
    return false;
  }
  if (!principal.has(kScopeTrade)) {
    error = ApiError(ResultCode::forbidden, "trade");
    return false;
  }
  if (session.shard().context().stopping) {
    error = ApiError(ResultCode::shutting_down);
    return false;
  }
  const LimitDecision decision = session.shard().context().limiter.take(
      entry.limit_class, principal.agent, AddressKey(), steady_now_ns());
  if (decision.is_allowed) return true;
  error = ApiError(ResultCode::rate_limited, std::string(decision.name));
  error.retry_after_s = decision.retry_after_s;
  return false;
}

bool parse_request(Session& session, const Entry& entry, const object& message,
                   Submissions& submissions, ApiError& error) {
  const ParseContext context{session.shard().context().markets, session.principal().agent};
  if (!check_fields(message, entry.fields, error) ||
      !entry.parse(message, context, submissions, error)) {
    return false;
  }
  const auto key = text_field(message, "idempotency_key");
  if (!key || apply_idempotency_key(*key, submissions, error)) return true;
  error.field = "idempotency_key";
  return false;
}

void submit(Session& session, const Entry& entry, RequestId id, Submissions& submissions) {
  if (!session.begin_request()) {
    ApiError error(ResultCode::overloaded, "id", "256 requests of this socket wait already");
    error.retry_after_s = 1;
    return send_refusal(session, id, error);
  }
  name_key(session.principal(), submissions);
  auto pending = std::make_shared<Pending>();
  pending->session = session.weak_from_this();
  pending->id = id;
  pending->is_batch = entry.is_batch;
  pending->commands.reserve(submissions.size());
  for (const Submission& submission : submissions) pending->commands.push_back(submission.command);
  GatewayContext& context = session.shard().context();
  const runtime::SubmitResult result = context.replies.submit(
      context.commands, submissions, [pending](std::span<const Reply> replies) {
        const auto waiting = pending->session.lock();
        if (!waiting) return;
        send_outcomes(*waiting, *pending, replies);
        waiting->end_request();
      });
  if (result == runtime::SubmitResult::accepted) return;
  ApiError error(result == runtime::SubmitResult::overloaded    ? ResultCode::overloaded
                 : result == runtime::SubmitResult::unavailable ? ResultCode::exchange_unavailable
                                                                : ResultCode::shutting_down);
  error.retry_after_s = 1;
  send_refusal(session, id, error);
  session.end_request();
}

}  // namespace

bool run_order_entry(Session& session, std::string_view op, RequestId id, const object& message) {
  const Entry* entry = find_entry(op, message);
  if (entry == nullptr) return false;
  ApiError error;
  Submissions submissions;
  if (!check_admission(session, *entry, error) ||
      !parse_request(session, *entry, message, submissions, error)) {
    send_refusal(session, id, error);
  } else {
    submit(session, *entry, id, submissions);
  }
  return true;
}

}  // namespace perpetua::gateway::ws
