#include "gateway/http/openapi.hpp"

#include <algorithm>
#include <map>

#include "gateway/codec/json_writer.hpp"
#include "gateway/failure_log.hpp"

namespace perpetua::gateway {
namespace {

// A field that is not required may be left out of a request, and is null in a response.
enum class Direction : uint8_t { request, response };

void write_schema(JsonWriter& json, const FieldSpec& spec, bool may_be_null = false,
                  Direction direction = Direction::request);

void write_choices(JsonWriter& json, std::string_view choices, bool may_be_null) {
  json.key("enum").begin_array();
  while (!choices.empty()) {
    const std::size_t bar = choices.find('|');
    json.text(choices.substr(0, bar));
    choices = bar == std::string_view::npos ? std::string_view() : choices.substr(bar + 1);
  }
  if (may_be_null) json.null();
  json.end_array();
}

void write_type_name(JsonWriter& json, std::string_view name, bool may_be_null) {
  json.key("type");
  if (!may_be_null) {
    json.text(name);
    return;
  }
  json.begin_array().text(name).text("null").end_array();
}

void write_bounds(JsonWriter& json, const FieldSpec& spec, std::string_view low,
                  std::string_view high) {
  if (spec.minimum != 0) json.key(low).number(spec.minimum);
  if (spec.maximum != 0) json.key(high).number(spec.maximum);
}

void write_text(JsonWriter& json, std::string_view pattern, bool may_be_null) {
  write_type_name(json, "string", may_be_null);
  if (!pattern.empty()) json.key("pattern").text(pattern);
}

void write_list(JsonWriter& json, const FieldSpec& spec, FieldType item_type, bool may_be_null) {
  write_type_name(json, "array", may_be_null);
  write_bounds(json, spec, "minItems", "maxItems");
  FieldSpec item = spec;
  item.type = item_type;
  item.minimum = item.maximum = 0;
  item.description = {};
  json.key("items");
  write_schema(json, item);
}

// A response always holds all its fields.
void write_object(JsonWriter& json, FieldSpecs fields, Direction direction, bool is_open = false,
                  bool may_be_null = false) {
  const bool is_response = direction == Direction::response;
  json.begin_object();
  write_type_name(json, "object", may_be_null);
  json.key("properties").begin_object();
  for (const FieldSpec& field : fields) {
    json.key(field.name);
    write_schema(json, field, is_response && !field.required, direction);
  }
  json.end_object().key("required").begin_array();
  for (const FieldSpec& field : fields) {
    if (field.required || is_response) json.text(field.name);
  }
  json.end_array().key("additionalProperties").boolean(is_open).end_object();
}

void write_type(JsonWriter& json, const FieldSpec& spec, bool may_be_null) {
  switch (spec.type) {
    case FieldType::text:
      write_text(json, {}, may_be_null);
      return write_bounds(json, spec, "minLength", "maxLength");
    case FieldType::token:
      write_text(json, "^[!-~]*$", may_be_null);
      return write_bounds(json, spec, "minLength", "maxLength");
    case FieldType::market:
      return write_text(json, {}, may_be_null);
    case FieldType::decimal:
      return write_text(json, "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?$", may_be_null);
    case FieldType::id:
      return write_text(json, "^(0|[1-9][0-9]*)$", may_be_null);
    case FieldType::choice:
      write_text(json, {}, may_be_null);
      return write_choices(json, spec.choices, may_be_null);
    case FieldType::boolean:
      return write_type_name(json, "boolean", may_be_null);
    case FieldType::integer:
    case FieldType::time_ms:
      write_type_name(json, "integer", may_be_null);
      json.key("format").text("int64");
      return write_bounds(json, spec, "minimum", "maximum");
    case FieldType::number:
      return write_type_name(json, "number", may_be_null);
    case FieldType::choices_list:
      return write_list(json, spec, FieldType::choice, may_be_null);
    case FieldType::id_list:
      return write_list(json, spec, FieldType::id, may_be_null);
    case FieldType::token_list:
      return write_list(json, spec, FieldType::token, may_be_null);
    case FieldType::object_list:
    case FieldType::object:
    case FieldType::levels:
      break;
  }
  PERPETUA_ASSERT(false && "handled by write_schema");
}

void write_schema(JsonWriter& json, const FieldSpec& spec, bool may_be_null, Direction direction) {
  if (spec.type == FieldType::object) {
    return write_object(json, spec.items, direction, spec.items.empty(), may_be_null);
  }
  if (spec.type == FieldType::object_list) {
    json.begin_object().key("type").text("array");
    write_bounds(json, spec, "minItems", "maxItems");
    json.key("items");
    write_object(json, spec.items, direction);
  } else if (spec.type == FieldType::levels) {
    json.begin_object().key("type").text("array").key("items");
    json.raw(R"({"type":"array","prefixItems":[{"type":"string"},{"type":"string"},)"
             R"({"type":"integer"}],"minItems":3,"maxItems":3})");
  } else {
    json.begin_object();
    write_type(json, spec, may_be_null);
  }
  if (!spec.description.empty()) json.key("description").text(spec.description);
  json.end_object();
}

void write_parameters(JsonWriter& json, const Endpoint& endpoint) {
  json.key("parameters").begin_array();
  const auto write_all = [&](FieldSpecs specs, std::string_view place) {
    for (const FieldSpec& spec : specs) {
      json.begin_object().key("name").text(spec.name).key("in").text(place);
      json.key("required").boolean(place == "path" || spec.required);
      json.key("description").text(spec.description).key("schema");
      write_schema(json, spec);
      json.end_object();
    }
  };
  write_all(endpoint.path_fields, "path");
  write_all(endpoint.query_fields, "query");
  if (endpoint.is_mutation()) {
    json.raw(R"({"$ref":"#/components/parameters/IdempotencyKey"})");
  }
  json.end_array();
}

void write_request_body(JsonWriter& json, const Endpoint& endpoint) {
  if (endpoint.prepare == nullptr) return;
  const bool is_required = std::any_of(endpoint.body_fields.begin(), endpoint.body_fields.end(),
                                       [](const FieldSpec& spec) { return spec.required; });
  json.key("requestBody").begin_object().key("required").boolean(is_required);
  json.key("content").begin_object().key("application/json").begin_object().key("schema");
  write_object(json, endpoint.body_fields, Direction::request);
  json.end_object().end_object().end_object();
}

void write_reply_schema(JsonWriter& json, const Endpoint& endpoint) {
  const std::string reference =
      R"({"$ref":"#/components/schemas/)" + std::string(endpoint.schema) + R"("})";
  const auto rows = [&](std::string_view name, const std::string& item) {
    json.begin_object().key("type").text("object").key("properties").begin_object();
    json.key(name).begin_object().key("type").text("array").key("items").raw(item).end_object();
    if (endpoint.shape == ReplyShape::page) {
      json.key("next_cursor").raw(R"({"type":["string","null"]})");
    }
    json.end_object().key("required").begin_array().text(name);
    if (endpoint.shape == ReplyShape::page) json.text("next_cursor");
    json.end_array().end_object();
  };
  switch (endpoint.shape) {
    case ReplyShape::list:
    case ReplyShape::page:
      return rows("items", reference);
    case ReplyShape::results:
      return rows("results",
                  R"({"oneOf":[)" + reference +
                      R"(,{"type":"object","properties":{"error":)"
                      R"({"$ref":"#/components/schemas/Error"}},"required":["error"]}]})");
    case ReplyShape::object:
      json.raw(reference);
      return;
    case ReplyShape::text:
      json.raw(endpoint.schema == "application/json" ? R"({"type":"object"})"
                                                     : R"({"type":"string"})");
      return;
  }
}

void write_responses(JsonWriter& json, const Endpoint& endpoint) {
  json.key("responses").begin_object().key("200").begin_object();
  json.key("description").text("done").key("content").begin_object();
  json.key(endpoint.shape == ReplyShape::text ? endpoint.schema : "application/json");
  json.begin_object().key("schema");
  write_reply_schema(json, endpoint);
  json.end_object().end_object().end_object();
  std::map<int, std::string> by_status;
  for (const ResultCode code : errors_of(endpoint)) {
    std::string& names = by_status[result_info(code).http_status];
    if (!names.empty()) names += ", ";
    names += result_info(code).name;
  }
  by_status[kInternalErrorStatus] = kInternalErrorCode;
  for (const auto& [status, names] : by_status) {
    json.key(std::to_string(status)).begin_object().key("description").text(names);
    json.key("content").raw(
        R"({"application/json":{"schema":{"$ref":"#/components/schemas/Error"}}})");
    json.end_object();
  }
  json.end_object();
}

void write_operation(JsonWriter& json, const Endpoint& endpoint) {
  std::string method(method_name(endpoint.method));
  for (char& c : method) c = static_cast<char>(c | 0x20);
  json.key(method).begin_object();
  json.key("operationId").text(endpoint.name);
  json.key("summary").text(endpoint.summary);
  json.key("description")
      .text("Access: " + std::string(access_text(endpoint.access)) +
            ". Budget: " + std::string(limit_text(endpoint.limit)) + ".");
  json.key("tags").begin_array().text(endpoint.tag).end_array();
  if (endpoint.access == Access::open) json.key("security").raw("[{}]");
  write_parameters(json, endpoint);
  write_request_body(json, endpoint);
  write_responses(json, endpoint);
  json.end_object();
}

void write_paths(JsonWriter& json, std::span<const Endpoint> endpoints) {
  json.key("paths").begin_object();
  std::vector<std::string_view> done;
  for (const Endpoint& endpoint : endpoints) {
    if (std::find(done.begin(), done.end(), endpoint.path) != done.end()) continue;
    done.push_back(endpoint.path);
    json.key(endpoint.path).begin_object();
    for (const Endpoint& other : endpoints) {
      if (other.path == endpoint.path) write_operation(json, other);
    }
    json.end_object();
  }
  json.end_object();
}

void write_error_schema(JsonWriter& json) {
  json.key("Error").begin_object().key("type").text("object").key("properties").begin_object();
  json.key("code").begin_object().key("type").text("string").key("enum").begin_array();
  for (const ResultInfo& info : kResultInfos) {
    if (info.code != ResultCode::ok) json.text(info.name);
  }
  json.end_array().end_object();
  json.key("message").raw(R"({"type":"string"})");
  json.key("field").raw(
      R"({"type":["string","null"],"description":"what it is about: a field, scope or limit"})");
  json.key("hint").raw(R"({"type":"string","description":"what to do; may be empty"})");
  json.end_object().key("required").raw(R"(["code","message","field","hint"])");
  json.key("additionalProperties")
      .raw(R"({"description":"the refusal's numbers as decimal strings, e.g. needed, available"})");
  json.end_object();
}

void write_components(JsonWriter& json) {
  json.key("components").begin_object().key("schemas").begin_object();
  for (const ResponseSchema& schema : response_schemas()) {
    json.key(schema.name);
    write_object(json, schema.fields, Direction::response);
  }
  write_error_schema(json);
  json.end_object();
  json.key("parameters")
      .raw(R"({"IdempotencyKey":{"name":"Idempotency-Key","in":"header","required":false,)"
           R"("description":"1 to 128 printable characters; a repeat returns the first result",)"
           R"("schema":{"type":"string","minLength":1,"maxLength":128}}})");
  json.key("securitySchemes")
      .raw(R"({"ApiKey":{"type":"apiKey","in":"header","name":"X-API-Key"},)"
           R"("Bearer":{"type":"http","scheme":"bearer"}})");
  json.end_object();
}

}  // namespace

std::string_view access_text(Access access) {
  switch (access) {
    case Access::open:
      return "open";
    case Access::read:
      return "scope read";
    case Access::trade:
      return "scope trade";
    case Access::withdraw:
      return "scope withdraw";
    case Access::operator_only:
      return "operator key";
    case Access::funding:
      return "scope trade in sandbox mode; operator key";
    case Access::payout:
      return "scope withdraw in sandbox mode; operator key";
    case Access::sandbox_trade:
      return "scope trade, sandbox mode only";
  }
  return {};
}

std::string_view limit_text(LimitClass limit) {
  switch (limit) {
    case LimitClass::none:
      return "none";
    case LimitClass::read:
      return "agent_reads, without a key address_reads";
    case LimitClass::mutation:
      return "agent_mutations and global_mutations";
    case LimitClass::cancel:
      return "agent_cancels";
    case LimitClass::hub_intent:
      return "intents";
    case LimitClass::hub_mutation:
      return "hub mutations";
    case LimitClass::registration:
      return "address_registrations and global_mutations";
  }
  return {};
}

std::vector<ResultCode> errors_of(const Endpoint& endpoint) {
  std::vector<ResultCode> codes(endpoint.errors.begin(), endpoint.errors.end());
  const auto is_required = [](const FieldSpec& spec) { return spec.required; };
  const bool can_miss =
      std::any_of(endpoint.query_fields.begin(), endpoint.query_fields.end(), is_required) ||
      std::any_of(endpoint.body_fields.begin(), endpoint.body_fields.end(), is_required);
  for (const ResultCode code : common_errors(endpoint)) {
    if (code == ResultCode::missing_field && !can_miss) continue;
    if (code == ResultCode::forbidden && endpoint.access == Access::open) continue;
    if (std::find(codes.begin(), codes.end(), code) == codes.end()) codes.push_back(code);
  }
  std::sort(codes.begin(), codes.end());
  return codes;
}

std::string make_openapi(std::span<const Endpoint> endpoints, std::string_view version) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("openapi").text("3.1.0").key("info").begin_object();
  json.key("title").text("Perpetua").key("version").text(version);
  json.key("description")
      .text(
          "Perpetual futures for autonomous agents. Prices, sizes and money are exact decimal "
          "strings; "
          "ids are strings; times are milliseconds since 1970. Every mutation takes an "
          "Idempotency-Key. Unknown fields and parameters are refused.");
  json.end_object();
  json.key("security").raw(R"([{"ApiKey":[]},{"Bearer":[]}])");
  write_paths(json, endpoints);
  write_components(json);
  json.end_object();
  return out;
}

}  // namespace perpetua::gateway
