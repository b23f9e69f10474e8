#include "gateway/http/call.hpp"

#include <charconv>

namespace perpetua::gateway {

void Call::reset() {
  endpoint = nullptr;
  principal = Principal();
  path_values.clear();
  query_values.clear();
  body_text = {};
  content_type_in = {};
  idempotency_key = {};
  body = nullptr;
  inputs.clear();
  cors_origin = {};
  preflight_headers = {};
  is_preflight = false;
  is_hub = false;
  error = ApiError();
  refusal = hub::Refusal();
  reply.clear();
  content_type = "application/json";
  status = 200;
  allow.clear();
  limit = LimitDecision();
  submissions.clear();
  replies.clear();
  new_api_key.clear();
  noted_ids.clear();
  is_retry = false;
  may_block = false;
  wants_disk = false;
  awaited_batch = 0;
  has_awaited = false;
  needed_batch.reset();
  asks = AdmissionAsks();
  has_passed_barrier = false;
  note_ask.reset();
  note_answers.clear();
  wants_account = false;
  account_query = AccountQuery();
  account_sequence = 0;
  account.reset();
}

std::string_view Call::path_value(std::string_view name) const {
  for (const Parameter& parameter : path_values) {
    if (parameter.name == name) return parameter.value;
  }
  return {};
}

std::optional<std::string_view> Call::query_value(std::string_view name) const {
  for (const Parameter& parameter : query_values) {
    if (parameter.name == name) return parameter.value;
  }
  return std::nullopt;
}

uint32_t Call::page_limit() const {
  const auto text = query_value("limit");
  if (!text) return kPageItemsDefault;
  uint32_t limit_value = kPageItemsDefault;  // checked before: a number from 1 to kPageItemsMax
  std::from_chars(text->data(), text->data() + text->size(), limit_value);
  return limit_value;
}

bool Call::history_is_current() const {
  const BatchNumber needed = needed_batch.value_or(hot().applied_batch());
  return has_awaited || context.services.history_batch() >= needed;
}

bool Call::await_history() {
  awaited_batch = needed_batch.value_or(hot().applied_batch());
  has_awaited = true;
  return false;
}

const AccountState* Call::account_state(AccountQuery query) {
  const bool is_read = account_query.agent != 0;
  if (!is_read) {
    if (query.agent == 0) query.agent = principal.agent;
    account_query = query;
    const AccountReads* reads = context.services.account_reads;
    wants_account = reads != nullptr && reads->is_readable();
    if (wants_account) {
      const auto own = hot().account(query.agent);
      account_sequence = own ? own->agent_sequence : 0;
      return nullptr;
    }
    account = read_account(hot(), query);
  }
  if (!account) fail(ResultCode::agent_not_found);
  return account ? &*account : nullptr;
}

void Call::take_account(std::optional<AccountState>&& shared) {
  account = std::move(shared);
  const bool is_behind = account && account->account.agent_sequence < account_sequence;
  if (!account || is_behind) account = read_account(hot(), account_query);
}

const NoteAnswer* Call::ask(NoteAsk note) {
  if (notes_read < note_answers.size()) return &note_answers[notes_read++];
  note_ask = std::move(note);
  return nullptr;
}

bool Call::fail(ResultCode code, std::string field, std::string message) {
  error = ApiError(code, std::move(field), std::move(message));
  if (error.http_status() == 503) error.retry_after_s = 1;
  return false;
}

}  // namespace perpetua::gateway
