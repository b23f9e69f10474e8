// Reply: what one command came to, as a value.
//
// Either the server answered (failure none; Type::error is then the server's own error), or the
// client says why it did not: type is error, `failure` says which, `text` names the cause.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace perpetua::redis {

enum class Failure : uint8_t {
  none,
  overloaded,   // refused by a bound of the client; not sent
  unavailable,  // no node took it before the deadline; not executed
  unknown,      // sent and unanswered: executed or not, only a read can tell
  stopped,      // the client was stopped before it was sent; not executed
};

const char* to_string(Failure failure);

struct Reply {
  enum class Type : uint8_t { nil, string, integer, array, error };

  Type type = Type::nil;
  Failure failure = Failure::none;
  int64_t integer = 0;
  std::string text;             // of a string (status replies too) or an error
  std::vector<Reply> elements;  // of an array

  bool is_nil() const { return type == Type::nil; }
  bool is_string() const { return type == Type::string; }
  bool is_integer() const { return type == Type::integer; }
  bool is_array() const { return type == Type::array; }
  bool is_error() const { return type == Type::error; }

  static Reply failed(Failure failure, std::string text) {
    Reply reply;
    reply.type = Type::error;
    reply.failure = failure;
    reply.text = std::move(text);
    return reply;
  }
};

}  // namespace perpetua::redis
