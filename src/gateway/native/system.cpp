#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <sstream>

#include "gateway/codec/render.hpp"
#include "gateway/native/handlers.hpp"
#include "gateway/web/pages.hpp"

namespace perpetua::gateway::native {
namespace {

void write_budget(JsonWriter& json, std::string_view name, const Budget& budget) {
  json.key(name).begin_object();
  json.key("per_second").number(budget.per_second);
  json.key("burst").number(budget.burst);
  json.end_object();
}

void write_rates(JsonWriter& json, const RateOptions& rates) {
  json.key("rates").begin_object();
  write_budget(json, "agent_mutations", rates.agent_mutations);
  write_budget(json, "agent_cancels", rates.agent_cancels);
  write_budget(json, "agent_reads", rates.agent_reads);
  write_budget(json, "address_reads", rates.address_reads);
  write_budget(json, "address_registrations", rates.address_registrations);
  write_budget(json, "global_mutations", rates.global_mutations);
  json.end_object();
}

int64_t signed_size(std::size_t size) { return static_cast<int64_t>(size); }

}  // namespace

void get_limits(Call& call) {
  const ServerOptions& options = call.context.options;
  JsonWriter json(call.reply);
  json.begin_object();
  json.key("mode").text(options.mode == Mode::sandbox ? "sandbox" : "production");
  json.key("time").number(call.now_ms);
  write_rates(json, options.rates);
  json.key("amount_max").micro(Micro(limits::kAmountMaxMicro));
  json.key("faucet_per_day").micro(Micro(limits::kFaucetPerDayMicro));
  json.key("open_orders_per_market").number(limits::kOpenOrdersPerAgentMax);
  json.key("orders_per_request").number(limits::kOrdersPerRequestMax);
  json.key("keys_per_agent").number(limits::kKeysPerAgentMax);
  json.key("client_id_bytes").number(signed_size(limits::kClientIdBytesMax));
  json.key("reason_bytes").number(signed_size(limits::kReasonBytesMax));
  json.key("thought_bytes").number(signed_size(limits::kThoughtBytesMax));
  json.key("body_bytes").number(signed_size(kBodyBytesMax));
  json.key("page_items").number(kPageItemsMax);
  json.end_object();
}

void get_health(Call& call) {
  JsonWriter json(call.reply);
  json.begin_object().key("status").text("alive");
  json.key("version").text(call.context.options.version).end_object();
}

void get_readiness(Call& call) {
  std::string why_not;
  const auto& is_ready = call.context.services.is_ready;
  if (call.context.draining) {
    call.fail(ResultCode::shutting_down, {}, "draining: ask another process");
  } else if (call.context.stopping) {
    call.fail(ResultCode::shutting_down);
  } else if (is_ready && !is_ready(why_not)) {
    call.fail(ResultCode::exchange_unavailable, {}, why_not);
  } else {
    JsonWriter json(call.reply);
    json.begin_object().key("status").text("ready");
    const auto& applied_batch = call.context.services.applied_batch;
    json.key("applied_batch").id(applied_batch ? applied_batch() : call.hot().applied_batch());
    const auto& degraded = call.context.services.degraded;
    json.key("degraded").text_or_null(degraded ? degraded() : std::string()).end_object();
  }
}

void get_metrics(Call& call) {
  std::vector<prometheus::MetricFamily> families;
  for (const prometheus::Collectable* collectable : call.context.services.collectables) {
    for (auto& family : collectable->Collect()) families.push_back(std::move(family));
  }
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  call.reply = std::move(text).str();
  call.content_type = "text/plain; version=0.0.4; charset=utf-8";
}

void get_openapi(Call& call) { call.reply = call.context.services.openapi_json; }

void get_docs_page(Call& call) {
  call.reply = web::docs_page();
  call.content_type = "text/html; charset=utf-8";
}

void get_index_page(Call& call) {
  call.reply = web::index_page();
  call.content_type = "text/html; charset=utf-8";
}

}  // namespace perpetua::gateway::native
