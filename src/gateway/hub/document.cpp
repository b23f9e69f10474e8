#include "gateway/hub/document.hpp"

#include "base/decimal.hpp"
#include "gateway/hub/refusal.hpp"
#include "gateway/hub/text.hpp"

namespace perpetua::gateway::hub {
namespace {

std::string_view scope_text(Access access) {
  switch (access) {
    case Access::read:
      return "read";
    case Access::trade:
      return "trade";
    case Access::withdraw:
      return "write";
    default:
      return "-";
  }
}

std::string access_text(const Endpoint& row) {
  if (row.access == Access::open) return row.rules.wants_credentials ? "optional" : "-";
  std::string out(scope_text(row.access));
  const bool is_owned = !row.rules.owner.empty() || row.rules.locate != nullptr;
  return is_owned ? out + ", owner" : out;
}

std::string kind_text(const Field& field) {
  switch (field.kind) {
    case FieldKind::text:
    case FieldKind::name:
      return "text";
    case FieldKind::number:
      return "number";
    case FieldKind::integer:
      return "whole number";
    case FieldKind::boolean:
      return "boolean";
    case FieldKind::choice:
      return "one of " + choice_text(field.choices);
    case FieldKind::words:
      return "texts";
    case FieldKind::object:
      return "object";
  }
  return {};
}

std::string bounds_text(const Field& field) {
  if (field.kind == FieldKind::boolean || field.kind == FieldKind::choice ||
      field.kind == FieldKind::object || field.kind == FieldKind::words) {
    return {};
  }
  const std::string low = decimal_text(field.minimum, field.digits);
  const std::string high = field.maximum == 0 && field.minimum >= 0
                               ? std::string()
                               : decimal_text(field.maximum, field.digits);
  const std::string first = (field.is_above_minimum ? "above " : "") + low;
  if (high.empty()) return " from " + first;
  return " " + first + " to " + high;
}

std::string field_text(const Field& field) {
  std::string out = "`" + std::string(field.name) + "`" + (field.is_required ? "" : "?") + " ";
  out += kind_text(field) + bounds_text(field);
  if (!field.description.empty()) out.append(" (").append(field.description).append(")");
  return out;
}

std::string fields_text(const Endpoint& row) {
  std::string out;
  for (const Field& field : row.rules.fields) {
    if (!out.empty()) out += "; ";
    out += field_text(field);
  }
  return out.empty() ? "none" : out;
}

void append_row(std::string& out, const Endpoint& row) {
  out.append("| `").append(method_name(row.method)).append(" ").append(row.path).append("` | ");
  out.append(row.summary).append(" | ").append(access_text(row)).append(" | ");
  out.append(fields_text(row)).append(" | ").append(row.rules.reply).append(" | ");
  out.append(row.rules.refusals).append(" |\n");
}

}  // namespace

std::string make_hub_tables(std::span<const Endpoint> endpoints) {
  std::string out;
  std::string_view tag;
  for (const Endpoint& row : endpoints) {
    if (row.tag != tag) {
      tag = row.tag;
      out.append("\n### ").append(tag).append("\n\n");
      out +=
          "| endpoint | what | needs | fields | reply | refusals of its own |\n"
          "|---|---|---|---|---|---|\n";
    }
    append_row(out, row);
  }
  out += "\n### codes\n\n" + kind_table();
  return out;
}

}  // namespace perpetua::gateway::hub
