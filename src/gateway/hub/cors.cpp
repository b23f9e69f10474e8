#include "gateway/hub/cors.hpp"

#include <algorithm>

#include "gateway/http/call.hpp"
#include "gateway/hub/pipeline.hpp"
#include "gateway/hub/refusal.hpp"
#include "gateway/hub/text.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr std::string_view kMethods = "GET, POST, PUT, DELETE";

bool is_header_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

std::vector<std::string> parse_origins(std::string_view list) {
  std::vector<std::string> origins;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view origin = trimmed(list.substr(0, comma));
    if (!origin.empty()) origins.emplace_back(origin);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return origins;
}

void note_origin(Call& call, std::string_view origin, std::string_view target) {
  const std::vector<std::string>& allowed = call.context.options.hub.cors_origins;
  if (origin.empty() || allowed.empty() || !is_hub_path(target)) return;
  if (std::find(allowed.begin(), allowed.end(), origin) != allowed.end()) call.cors_origin = origin;
}

bool answer_preflight(Call& call, std::string_view method, const Preflight& preflight) {
  if (method != "OPTIONS" || preflight.wanted_method.empty() || preflight.origin.empty()) {
    return false;
  }
  call.is_hub = true;
  if (call.cors_origin.empty()) {
    refuse(call, kBadRequest, "Disallowed CORS origin");
    return true;
  }
  call.reply = "OK";
  call.content_type = "text/plain; charset=utf-8";
  call.preflight_headers = is_header_text(preflight.wanted_headers) ? preflight.wanted_headers : "";
  call.is_preflight = true;
  return true;
}

void append_cors_headers(std::string& out, const Call& call) {
  if (call.cors_origin.empty()) return;
  out.append("Access-Control-Allow-Origin: ").append(call.cors_origin).append("\r\n");
  out.append("Access-Control-Allow-Credentials: true\r\nVary: Origin\r\n");
  if (!call.is_preflight) return;
  out.append("Access-Control-Allow-Methods: ").append(kMethods);
  out.append("\r\nAccess-Control-Max-Age: 600\r\n");
  if (call.preflight_headers.empty()) return;
  out.append("Access-Control-Allow-Headers: ").append(call.preflight_headers).append("\r\n");
}

}  // namespace perpetua::gateway::hub
