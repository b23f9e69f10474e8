// Call: one request on its way through the gateway. Reused by its session from request to request.
//
// Filled by the session and the dispatcher; a handler reads the upper half and writes the lower.
// Views point into the session's request and stay valid until the reply was written.
// Thread-safety: none; a blocking handler has it to itself while the session waits.
#pragma once

#include <boost/json/fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/account_reads.hpp"
#include "gateway/auth/authenticator.hpp"
#include "gateway/codec/api_error.hpp"
#include "gateway/codec/json_body.hpp"
#include "gateway/context.hpp"
#include "gateway/http/endpoint.hpp"
#include "gateway/hub/refusal.hpp"
#include "gateway/services.hpp"
#include "gateway/shared_notes.hpp"
#include "stores/memory/hot_store.hpp"

namespace perpetua::gateway {

struct Parameter {
  std::string_view name;
  std::string value;  // percent-decoded
};

struct Call {
  explicit Call(GatewayContext& c) : context(c) {}

  GatewayContext& context;
  const Endpoint* endpoint = nullptr;
  Principal principal;
  int64_t now_ms = 0;  // wall clock
  AddressKey address = 0;
  std::vector<Parameter> path_values;  // in the order of the template
  std::vector<Parameter> query_values;
  std::string_view body_text;
  std::string_view content_type_in;
  std::string_view idempotency_key;
  JsonBody json;
  const boost::json::object* body = nullptr;
  std::vector<hub::Value> inputs;  // root API: what was read of the endpoint's fields
  std::string_view cors_origin;    // allowed origin of the page that asks; empty: none
  std::string_view preflight_headers;
  bool is_preflight = false;
  bool is_hub = false;  // errors have the form of the root API

  ApiError error;        // set: the reply is this error
  hub::Refusal refusal;  // root API: the error as it knows better than the code in `error`
  std::string reply;     // JSON unless content_type says otherwise
  std::string_view content_type = "application/json";
  int status = 200;
  std::string allow;  // Allow header of a 405
  LimitDecision limit;
  std::vector<runtime::Submission> submissions;
  std::vector<Reply> replies;
  std::string new_api_key;          // between prepare and complete
  std::vector<uint64_t> noted_ids;  // likewise: what was there before
  bool is_retry = false;            // complete() asked for another round once
  bool may_block = false;           // on a thread that may touch the disk
  bool wants_disk = false;  // respond() returned early and is to be called again with may_block
  // respond() returned early and is to be called again when history shows this batch; 0: it did not
  BatchNumber awaited_batch = 0;
  AdmissionAsks asks;
  bool has_passed_barrier = false;  // the read barrier was waited for
  bool has_awaited = false;  // it was called again: history shows what was acknowledged before
  std::optional<BatchNumber> needed_batch;  // by which history is current; none: the newest
  // respond() returned early and is to be called again once the account was read.
  bool wants_account = false;
  AccountQuery account_query;
  uint64_t account_sequence = 0;  // what memory showed of it when it was asked for
  std::optional<AccountState> account;

  // What is shared in notes. The handler returned early and is to be called again with the answer.
  std::optional<NoteAsk> note_ask;
  std::vector<NoteAnswer> note_answers;  // in the order of its questions
  std::size_t notes_read = 0;            // by this run of the handler

  void reset();

  const MarketDirectory& markets() const { return context.markets; }
  const stores::HotStore& hot() const { return context.hot; }
  stores::HistoryReader* history() const { return context.services.history; }
  std::string_view path_value(std::string_view name) const;
  std::optional<std::string_view> query_value(std::string_view name) const;

  // Page size: `limit`, or the default.
  uint32_t page_limit() const;

  // At the start of what reads history: false = return now, you will be called again.
  bool may_use_disk() {
    wants_disk = !may_block;
    return may_block;
  }

  // What this call reads did not change after that batch, so it waits for no later one.
  void needs_history(BatchNumber batch) { needed_batch = batch; }

  // Whether history shows what it needs: everything that was acknowledged before this request.
  bool history_is_current() const;

  // Always false: return now, you will be called again once it does, or the call fails with
  // exchange_unavailable after ServerOptions::history_wait_ms. REQUIRES: may_block, not current.
  bool await_history();

  // State of the agent that the query names; none: of the one that calls. Null: return now; the
  // call has failed, or you will be called again with it. REQUIRES: one query a call.
  const AccountState* account_state(AccountQuery query);
  // What the shared store said. This process's own memory in its place if it could not be read, or
  // is behind an event of the agent that memory had shown before: who was told of it, by a reply or
  // a message, must find it.
  void take_account(std::optional<AccountState>&& shared);

  // Asks a note, or tells something by one. Null: return now; you will be called again, from the
  // start, with the answer. The same questions in the same order each time.
  const NoteAnswer* ask(NoteAsk note);

  bool fail(ResultCode code, std::string field = {}, std::string message = {});
};

}  // namespace perpetua::gateway
