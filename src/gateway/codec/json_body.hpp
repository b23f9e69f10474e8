// JsonBody: a request body as a tree, in memory of its own that is reused from request to request.
//
// Refused: anything but one JSON object, depth above kJsonDepthMax, duplicate keys, bad UTF-8,
// NaN and infinity, trailing bytes. Nothing is allocated on the heap for a body of usual size.
// Thread-safety: none; one per session.
#pragma once

#include <boost/json/fwd.hpp>
#include <memory>
#include <string_view>

#include "gateway/codec/api_error.hpp"

namespace perpetua::gateway {

class JsonBody {
 public:
  JsonBody();
  ~JsonBody();
  JsonBody(const JsonBody&) = delete;
  JsonBody& operator=(const JsonBody&) = delete;

  // The object lives until the next parse(), or null with `error` set. An empty text is `{}`.
  const boost::json::object* parse(std::string_view text, ApiError& error);

  // The text of a number that is no integer: the tree holds such a number's place, never its value,
  // so nobody can read it in binary floating point. REQUIRES: value.is_double(), of the last parse,
  // whose text still lives.
  std::string_view number_text(const boost::json::value& value) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace perpetua::gateway
