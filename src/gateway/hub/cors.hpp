// Cross-origin requests of web pages to the root API (everything but /api/v1).
//
// An allowed origin is told so on every reply, with credentials; others get no header, and the
// browser keeps the reply from the page. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace perpetua::gateway {

struct Call;

namespace hub {

struct Preflight {
  std::string_view origin;
  std::string_view wanted_method;   // Access-Control-Request-Method
  std::string_view wanted_headers;  // Access-Control-Request-Headers
};

// "https://a.example, https://b.example" -> the two. Empty: none.
std::vector<std::string> parse_origins(std::string_view list);

// Remembers in the call that `origin` is allowed, if it is.
void note_origin(Call& call, std::string_view origin, std::string_view target);

// True if the request is a preflight (OPTIONS with a wanted method): call.reply is the answer.
bool answer_preflight(Call& call, std::string_view method, const Preflight& preflight);

// The headers of a reply to call.cors_origin.
void append_cors_headers(std::string& out, const Call& call);

}  // namespace hub
}  // namespace perpetua::gateway
