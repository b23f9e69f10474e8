#include "gateway/codec/json_writer.hpp"

#include <charconv>

namespace perpetua::gateway {
namespace {

bool needs_escape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\' || c == 0x7F;
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  out += "\\u00";
  out.push_back(kHex[static_cast<unsigned char>(c) >> 4]);
  out.push_back(kHex[static_cast<unsigned char>(c) & 0xF]);
}

template <class Integer>
void append_digits(std::string& out, Integer value) {
  char buffer[24];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
  out.append(buffer, result.ptr);
}

}  // namespace

void append_json_text(std::string& out, std::string_view value) {
  out.push_back('"');
  std::size_t copied = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (!needs_escape(value[i])) continue;
    out.append(value.substr(copied, i - copied));
    append_escaped(out, value[i]);
    copied = i + 1;
  }
  out.append(value.substr(copied));
  out.push_back('"');
}

void append_integer(std::string& out, int64_t value) { append_digits(out, value); }

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_.push_back(bracket);
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_.push_back(bracket);
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  out_.push_back('"');
  out_.append(name);
  out_.append("\":");
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
  separate();
  append_json_text(out_, value);
  return *this;
}

JsonWriter& JsonWriter::number(int64_t value) {
  separate();
  append_digits(out_, value);
  return *this;
}

JsonWriter& JsonWriter::id(uint64_t value) {
  separate();
  out_.push_back('"');
  append_digits(out_, value);
  out_.push_back('"');
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
  separate();
  out_.append(value ? "true" : "false");
  return *this;
}

JsonWriter& JsonWriter::null() {
  separate();
  out_.append("null");
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_.append(json);
  return *this;
}

JsonWriter& JsonWriter::decimal(int64_t value, unsigned digits) {
  separate();
  out_.push_back('"');
  append_decimal(out_, value, digits);
  out_.push_back('"');
  return *this;
}

JsonWriter& JsonWriter::on_grid(int64_t units, int64_t unit_e9) {
  separate();
  out_.push_back('"');
  append_on_grid(out_, units, unit_e9);
  out_.push_back('"');
  return *this;
}

}  // namespace perpetua::gateway
