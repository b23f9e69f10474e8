// Endpoint: one row of the API. The only source of router, validation, openapi.json, docs/api.md.
//
// A row either responds at once (respond), or prepares commands whose outcomes it then renders
// (prepare, complete). One that prepares no command has written its reply. Handlers are plain
// functions; waiting is the session's business. Rows are constexpr tables in native/; strings are
// literals. Thread-safety: immutable.
#pragma once

#include <span>
#include <string_view>

#include "engine/schema/result_code.hpp"
#include "gateway/codec/field_spec.hpp"
#include "gateway/hub/field.hpp"
#include "gateway/limits/rate_limiter.hpp"

namespace perpetua::gateway {

struct Call;

enum class Method : uint8_t { get, post, put, patch, delete_ };
std::string_view method_name(Method method);  // "GET"

enum class Access : uint8_t {
  open,      // no key needed; a presented one must be valid
  read,      // scope read
  trade,     // scope trade
  withdraw,  // scope withdraw
  operator_only,
  funding,        // deposits. Sandbox: scope trade or the operator; production: the operator
  payout,         // withdrawals. Sandbox: scope withdraw or the operator; production: the operator
  sandbox_trade,  // scope trade, sandbox only
};

// native: /api/v1 and the pages. hub: the root API, whose fields, refusals and order of checks are
// those of src/gateway/hub.
enum class Surface : uint8_t { native, hub };

enum class ReplyShape : uint8_t { object, list, page, results, text };

struct Endpoint {
  std::string_view name;  // operationId
  Method method = Method::get;
  std::string_view path;  // "/api/v1/orders/{order_id}"
  std::string_view tag;
  std::string_view summary;
  Access access = Access::open;
  LimitClass limit = LimitClass::read;
  FieldSpecs path_fields;
  FieldSpecs query_fields;
  FieldSpecs body_fields;  // empty: no body
  ReplyShape shape = ReplyShape::object;
  std::string_view schema;             // name in response_schemas(), or the content type of a text
  std::span<const ResultCode> errors;  // its own; common_errors() adds the rest
  void (*respond)(Call& call) = nullptr;
  bool (*prepare)(Call& call) = nullptr;   // false: call.error is set
  bool (*complete)(Call& call) = nullptr;  // true: call.submissions are to be submitted again
  Surface surface = Surface::native;
  hub::Rules rules = {};   // of the root API
  bool looks_up = false;   // a mutation that is made by what the hot store shows
  bool is_status = false;  // of the process, served by each (ServedPaths)

  // Without completion a body is answered by itself: nothing is sequenced.
  constexpr bool is_mutation() const { return complete != nullptr; }
  // Whether the answer may tell what another process has acknowledged (read_barrier.hpp). The root
  // API looks up agents and what a path names before anything else.
  constexpr bool shows_state() const {
    return tag != "system" && (!is_mutation() || looks_up || surface == Surface::hub);
  }
};

constexpr Endpoint looking_up(Endpoint row) {
  row.looks_up = true;
  return row;
}
constexpr Endpoint status_of_process(Endpoint row) {
  row.is_status = true;
  return row;
}

// Every endpoint of the native API, in the order of the documentation; those of the root API
// (hub/endpoints.cpp); both, native first, as the router takes them.
std::span<const Endpoint> all_endpoints();
std::span<const Endpoint> hub_endpoints();
std::span<const Endpoint> served_endpoints();

// Refusals that follow from access, limit class and body.
std::span<const ResultCode> common_errors(const Endpoint& endpoint);

struct ResponseSchema {
  std::string_view name;
  FieldSpecs fields;
};
std::span<const ResponseSchema> response_schemas();
const ResponseSchema* find_schema(std::string_view name);

}  // namespace perpetua::gateway
