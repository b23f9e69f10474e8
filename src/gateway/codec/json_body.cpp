#include "gateway/codec/json_body.hpp"

#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_stack.hpp>
#include <optional>
#include <vector>

#include "gateway/options.hpp"

namespace perpetua::gateway {
namespace {

namespace json = boost::json;
using json::error_code;
using json::string_view;

// Builds the tree like boost::json::parser, and counts keys: a tree that holds fewer keys than the
// text did has lost one to a duplicate.
struct TreeHandler {
  static constexpr std::size_t max_object_size = 1'024;
  static constexpr std::size_t max_array_size = 1'024;
  static constexpr std::size_t max_key_size = 128;
  static constexpr std::size_t max_string_size = kBodyBytesMax;

  json::value_stack stack;
  std::size_t keys = 0;
  std::vector<std::string_view> numbers;  // those that are no integers

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t n, error_code&) {
    keys += n;
    stack.push_object(n);
    return true;
  }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t n, error_code&) {
    stack.push_array(n);
    return true;
  }
  bool on_key_part(string_view s, std::size_t, error_code&) {
    stack.push_chars(s);
    return true;
  }
  bool on_key(string_view s, std::size_t, error_code&) {
    stack.push_key(s);
    return true;
  }
  bool on_string_part(string_view s, std::size_t, error_code&) {
    stack.push_chars(s);
    return true;
  }
  bool on_string(string_view s, std::size_t, error_code&) {
    stack.push_string(s);
    return true;
  }
  bool on_number_part(string_view, error_code&) { return true; }
  bool on_int64(std::int64_t i, string_view, error_code&) {
    stack.push_int64(i);
    return true;
  }
  bool on_uint64(std::uint64_t u, string_view, error_code&) {
    stack.push_uint64(u);
    return true;
  }
  bool on_double(double, string_view text, error_code&) {
    stack.push_double(static_cast<double>(numbers.size()));
    numbers.emplace_back(text.data(), text.size());
    return true;
  }
  bool on_bool(bool b, error_code&) {
    stack.push_bool(b);
    return true;
  }
  bool on_null(error_code&) {
    stack.push_null();
    return true;
  }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }
};

json::parse_options options() {
  json::parse_options result;
  result.max_depth = kJsonDepthMax;
  return result;
}

std::size_t count_keys(const json::value& value) {
  std::size_t count = 0;
  if (const json::object* object = value.if_object()) {
    count += object->size();
    for (const auto& member : *object) count += count_keys(member.value());
  } else if (const json::array* array = value.if_array()) {
    for (const json::value& item : *array) count += count_keys(item);
  }
  return count;
}

}  // namespace

struct JsonBody::Impl {
  std::array<unsigned char, 4'096> memory;
  // Made anew for each body: release() of Boost 1.81 keeps the doubled block size, so the blocks of
  // a reused one grow without bound.
  std::optional<json::monotonic_resource> arena;
  json::basic_parser<TreeHandler> parser{options()};
  std::optional<json::value> root;
};

JsonBody::JsonBody() : impl_(std::make_unique<Impl>()) {}
JsonBody::~JsonBody() = default;

std::string_view JsonBody::number_text(const json::value& value) const {
  return impl_->parser.handler().numbers[static_cast<std::size_t>(value.get_double())];
}

const json::object* JsonBody::parse(std::string_view text, ApiError& error) {
  Impl& impl = *impl_;
  TreeHandler& handler = impl.parser.handler();
  // What the last body left goes before the memory it lies in.
  impl.root.reset();
  handler.stack.reset();
  handler.stack.reset(&impl.arena.emplace(impl.memory.data(), impl.memory.size()));
  impl.parser.reset();
  handler.keys = 0;
  handler.numbers.clear();
  if (text.empty()) text = "{}";
  error_code code;
  const std::size_t used = impl.parser.write_some(false, text.data(), text.size(), code);
  if (!code && used < text.size()) code = json::error::extra_data;
  if (code) {
    error =
        ApiError(ResultCode::malformed_json, {}, "the body is not valid JSON: " + code.message());
    return nullptr;
  }
  impl.root.emplace(handler.stack.release());
  const json::object* object = impl.root->if_object();
  if (object == nullptr) {
    error = ApiError(ResultCode::malformed_json, {}, "the body must be a JSON object");
    return nullptr;
  }
  if (count_keys(*impl.root) != handler.keys) {
    error = ApiError(ResultCode::malformed_json, {}, "an object holds the same key twice");
    return nullptr;
  }
  return object;
}

}  // namespace perpetua::gateway
