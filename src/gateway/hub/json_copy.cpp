#include "gateway/hub/json_copy.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "gateway/codec/json_body.hpp"
#include "gateway/codec/json_writer.hpp"

namespace perpetua::gateway::hub {
namespace {

namespace json = boost::json;

// Depth is bounded by the parser.
void append_value(std::string& out, const json::value& value, const JsonBody& body) {
  if (const json::object* object = value.if_object()) return append_json(out, *object, body);
  if (const json::array* list = value.if_array()) {
    out.push_back('[');
    for (const json::value& entry : *list) {
      if (&entry != list->begin()) out.push_back(',');
      append_value(out, entry, body);
    }
    out.push_back(']');
    return;
  }
  if (value.is_double()) {
    out += body.number_text(value);
  } else if (const json::string* text = value.if_string()) {
    append_json_text(out, {text->data(), text->size()});
  } else if (value.is_int64()) {
    append_integer(out, value.get_int64());
  } else if (value.is_uint64()) {
    out += std::to_string(value.get_uint64());
  } else {
    out += value.is_null() ? "null" : value.get_bool() ? "true" : "false";
  }
}

}  // namespace

void append_json(std::string& out, const json::object& value, const JsonBody& body) {
  out.push_back('{');
  bool is_first = true;
  for (const auto& member : value) {
    if (!is_first) out.push_back(',');
    is_first = false;
    append_json_text(out, {member.key().data(), member.key().size()});
    out.push_back(':');
    append_value(out, member.value(), body);
  }
  out.push_back('}');
}

}  // namespace perpetua::gateway::hub
