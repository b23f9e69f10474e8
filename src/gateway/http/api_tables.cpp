#include <boost/json.hpp>

#include "gateway/failure_log.hpp"
#include "gateway/http/openapi.hpp"

namespace perpetua::gateway {
namespace {

std::string_view type_text(FieldType type) {
  switch (type) {
    case FieldType::text:
      return "text";
    case FieldType::token:
      return "text";
    case FieldType::decimal:
      return "decimal";
    case FieldType::integer:
      return "integer";
    case FieldType::time_ms:
      return "time, ms";
    case FieldType::boolean:
      return "boolean";
    case FieldType::id:
      return "id";
    case FieldType::choice:
      return "choice";
    case FieldType::market:
      return "market";
    case FieldType::choices_list:
      return "list of choices";
    case FieldType::id_list:
      return "list of ids";
    case FieldType::token_list:
      return "list of texts";
    case FieldType::object_list:
      return "list of objects";
    case FieldType::number:
      return "number";
    case FieldType::object:
      return "object";
    case FieldType::levels:
      return "list of [price, size, orders]";
  }
  return {};
}

// "a|b" would end a table cell.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|')
      out += " \\| ";
    else
      out += c;
  }
  return out;
}

std::string bounds_text(const FieldSpec& spec) {
  if (!spec.choices.empty()) return cell(spec.choices);
  if (spec.maximum == 0) return {};
  const std::string range = std::to_string(spec.minimum) + " to " + std::to_string(spec.maximum);
  const bool is_text = spec.type == FieldType::text || spec.type == FieldType::token;
  return range + (is_text ? " bytes" : "");
}

void append_fields(std::string& out, FieldSpecs fields, std::string_view place,
                   std::string_view prefix = {}) {
  for (const FieldSpec& field : fields) {
    out += "| `" + std::string(prefix) + std::string(field.name) + "` | " + std::string(place) +
           " | " + std::string(type_text(field.type)) + " | " + (field.required ? "yes" : "") +
           " | " + bounds_text(field) + " | " + cell(field.description) + " |\n";
    if (field.items.empty()) continue;
    append_fields(out, field.items, place, std::string(prefix) + std::string(field.name) + "[].");
  }
}

void append_overview(std::string& out, std::span<const Endpoint> endpoints) {
  out += "## Endpoints\n\n| method | path | what | access | budget |\n|---|---|---|---|---|\n";
  for (const Endpoint& endpoint : endpoints) {
    out += "| " + std::string(method_name(endpoint.method)) + " | `" + std::string(endpoint.path) +
           "` | " + cell(endpoint.summary) + " | " + std::string(access_text(endpoint.access)) +
           " | " + std::string(limit_text(endpoint.limit)) + " |\n";
  }
}

void append_endpoint(std::string& out, const Endpoint& endpoint) {
  out += "\n### " + std::string(method_name(endpoint.method)) + " " + std::string(endpoint.path) +
         "\n\n" + std::string(endpoint.summary) + ".\n";
  if (!endpoint.path_fields.empty() || !endpoint.query_fields.empty() ||
      !endpoint.body_fields.empty()) {
    out += "\n| field | in | type | required | bounds | meaning |\n|---|---|---|---|---|---|\n";
    append_fields(out, endpoint.path_fields, "path");
    append_fields(out, endpoint.query_fields, "query");
    append_fields(out, endpoint.body_fields, "body");
  }
  if (endpoint.shape != ReplyShape::text) {
    constexpr std::string_view kShapes[] = {"", "list of ", "page of ", "results: one each, ", ""};
    out += "\nReply: " + std::string(kShapes[static_cast<std::size_t>(endpoint.shape)]) + "`" +
           std::string(endpoint.schema) + "`.";
  }
  const std::vector<ResultCode> errors = errors_of(endpoint);
  if (!errors.empty()) {
    out += "\nRefusals:";
    std::string separator = " ";
    std::size_t column = 9;
    for (const ResultCode code : errors) {
      const std::string name = "`" + std::string(result_info(code).name) + "`";
      if (column + name.size() + 2 > 98) {
        separator.back() = '\n';
        column = 0;
      }
      out += separator + name;
      column += name.size() + 2;
      separator = ", ";
    }
    out += ".";
  }
  out += "\n";
}

void append_codes(std::string& out) {
  out += "\n## Result codes\n\n| code | status | message | hint |\n|---|---|---|---|\n";
  for (const ResultInfo& info : kResultInfos) {
    if (info.code == ResultCode::ok) continue;
    out += "| `" + std::string(info.name) + "` | " + std::to_string(info.http_status) + " | " +
           cell(info.message) + " | " + cell(info.hint) + " |\n";
  }
  // Not one of the engine's: the request met a defect, see failure_log.hpp.
  const boost::json::value body = boost::json::parse(kInternalErrorBody);
  const auto text = [&](const char* name) { return cell(body.at(name).as_string()); };
  out += "| `" + std::string(kInternalErrorCode) + "` | " + std::to_string(kInternalErrorStatus) +
         " | " + text("message") + " | " + text("hint") + " |\n";
}

}  // namespace

std::string make_api_tables(std::span<const Endpoint> endpoints) {
  std::string out;
  append_overview(out, endpoints);
  for (const Endpoint& endpoint : endpoints) append_endpoint(out, endpoint);
  out += "\n## Reply objects\n";
  for (const ResponseSchema& schema : response_schemas()) {
    out += "\n### " + std::string(schema.name) +
           "\n\n| field | in | type | never null | bounds | meaning |\n|---|---|---|---|---|---|\n";
    append_fields(out, schema.fields, "reply");
  }
  append_codes(out);
  return out;
}

}  // namespace perpetua::gateway
