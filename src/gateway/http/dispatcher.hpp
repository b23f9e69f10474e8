// Dispatcher: everything about a request that needs no waiting.
//
//   route -> key -> rate limit -> scope -> parameters -> JSON -> handler
//
// An endpoint of the root API has its own order of checks (hub/pipeline.hpp) up to its handler.
//
// The order matters: a request over its budget costs no JSON parsing, and nobody learns from the
// difference between a bad key and a bad body. begin() says what the session has to wait for; after
// the wait it calls finish(). When `done` is returned, call.error or call.reply holds the answer.
// Thread-safety: any thread; a Call belongs to its session.
#pragma once

#include "gateway/http/call.hpp"
#include "gateway/http/router.hpp"

namespace perpetua::gateway {

enum class Next : uint8_t {
  done,       // the reply is ready
  locating,   // call.endpoint->rules.locate again, with may_block, then begin() again
  barrier,    // wait for barrier_passed(), then begin() again with the same request
  admission,  // wait for admit_later(), then begin() again with the same request
  account,    // read call.account_query into call.account, then respond()
  note,       // append the answer to call.note_ask to call.note_answers, then handle()
  blocking,   // call.endpoint->respond again, with may_block, on a thread that may block
  submit,     // submit call.submissions, put the outcomes into call.replies, then finish()
};

class Dispatcher {
 public:
  explicit Dispatcher(std::span<const Endpoint> endpoints) : router_(endpoints) {}

  struct Request {
    std::string_view method;  // "GET"; HEAD counts as GET
    std::string_view target;
    std::string_view x_api_key;
    std::string_view authorization;
  };
  Next begin(Call& call, const Request& request, int64_t now_ns) const;

  // After `note`: runs the handler again.
  Next handle(Call& call) const;

  // After `account`: the answer of an endpoint that responds.
  static Next respond(Call& call);

  // After `submit`: Next::submit again if the handler wants another round.
  Next finish(Call& call) const;

 private:
  bool route(Call& call, const Request& request) const;
  static bool must_pass_barrier(const Call& call, std::string_view key);
  static bool must_ask(Call& call, const Request& request, std::string_view key, int64_t now_ns);
  static bool admit(Call& call, std::string_view key, int64_t now_ns);
  static bool check_access(Call& call);
  static bool check_input(Call& call, std::string_view target);

  Router router_;
};

}  // namespace perpetua::gateway
