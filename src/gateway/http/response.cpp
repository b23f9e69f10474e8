#include "gateway/http/response.hpp"

#include <ctime>

#include "gateway/codec/json_writer.hpp"
#include "gateway/hub/cors.hpp"

namespace perpetua::gateway {
namespace {

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_header(std::string& out, std::string_view name, int64_t value) {
  out.append(name).append(": ");
  append_integer(out, value);
  out.append("\r\n");
}

// "Sun, 06 Nov 1994 08:49:37 GMT", made once a second.
std::string_view http_date(int64_t now_ms) {
  thread_local int64_t made_for_s = -1;
  thread_local std::string text;
  const int64_t now_s = now_ms / 1'000;
  if (now_s == made_for_s) return text;
  made_for_s = now_s;
  const std::time_t time = now_s;
  std::tm utc{};
  gmtime_r(&time, &utc);
  char buffer[64];
  text.assign(buffer, std::strftime(buffer, sizeof buffer, "%a, %d %b %Y %H:%M:%S GMT", &utc));
  return text;
}

void append_limit(std::string& out, const LimitDecision& limit) {
  if (!limit.is_limited) return;
  append_header(out, "RateLimit-Limit", limit.limit);
  append_header(out, "RateLimit-Remaining", limit.remaining);
  append_header(out, "RateLimit-Reset", limit.reset_s);
}

}  // namespace

std::string_view status_text(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Error";
  }
}

void finish_reply(Call& call) {
  if (!call.error.is_error()) return;
  if (call.is_hub) {
    hub::render_refusal(call);
    return;
  }
  call.reply.clear();
  call.content_type = "application/json";
  if (call.status == 200) call.status = call.error.http_status();
  render_error(call.reply, call.error);
}

void append_response(std::string& out, const Call& call, bool keep_alive, bool is_head) {
  out.append("HTTP/1.1 ");
  append_integer(out, call.status);
  out.append(" ").append(status_text(call.status)).append("\r\n");
  append_header(out, "Date", http_date(call.now_ms));
  append_header(out, "Content-Type", call.content_type);
  append_header(out, "Content-Length", static_cast<int64_t>(call.reply.size()));
  append_limit(out, call.limit);
  if (call.error.retry_after_s > 0) append_header(out, "Retry-After", call.error.retry_after_s);
  if (call.status == 401) append_header(out, "WWW-Authenticate", "Bearer");
  if (!call.allow.empty()) append_header(out, "Allow", call.allow);
  if (call.content_type.starts_with("text/html")) {
    append_header(out, "Content-Security-Policy",
                  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                  "connect-src 'self' ws: wss:; base-uri 'none'; frame-ancestors 'none'");
  } else {
    append_header(out, "Cache-Control", "no-store");
  }
  append_header(out, "X-Content-Type-Options", "nosniff");
  hub::append_cors_headers(out, call);
  append_header(out, "Connection", keep_alive ? "keep-alive" : "close");
  out.append("\r\n");
  if (!is_head) out.append(call.reply);
}

}  // namespace perpetua::gateway
