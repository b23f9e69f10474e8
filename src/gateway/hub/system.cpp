#include "gateway/hub/handlers.hpp"
#include "gateway/web/pages.hpp"

namespace perpetua::gateway::hub {
namespace {

void write_check(JsonWriter& json, std::string_view name, const std::string& failure) {
  json.key(name).text(failure.empty() ? "ok" : "error: " + failure);
}

}  // namespace

// 503 only while no command can be taken; what else is wrong shows as degraded.
void get_health(Call& call) {
  if (call.context.stopping || call.context.draining) {
    call.fail(ResultCode::shutting_down);
    return;
  }
  std::string why_not;
  const auto& is_ready = call.context.services.is_ready;
  if (!is_ready || is_ready(why_not)) why_not.clear();
  bool has_prices = true;
  for (const stores::MarketView& market : call.hot().markets()) {
    has_prices = has_prices && market.mark.value != 0 && !market.is_stale;
  }
  JsonWriter json(call.reply);
  json.begin_object();
  json.key("status").text(why_not.empty() && has_prices ? "ok" : "degraded");
  json.key("checks").begin_object();
  write_check(json, "engine", {});
  write_check(json, "storage", why_not);
  write_check(json, "prices", has_prices ? "" : "a market has no fresh price");
  json.end_object().end_object();
}

void get_api(Call& call) {
  JsonWriter json(call.reply);
  json.begin_object().key("service").text("Perpetua");
  json.key("version").text(call.context.options.version).end_object();
}

void get_agent_guide(Call& call) {
  call.reply = web::agent_guide();
  call.content_type = "text/markdown; charset=utf-8";
}

}  // namespace perpetua::gateway::hub
