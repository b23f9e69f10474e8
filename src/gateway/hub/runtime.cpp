// An agent's runtime, and messages between agents.

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "gateway/hub/chat_message.hpp"
#include "gateway/hub/handlers.hpp"
#include "gateway/hub/json_copy.hpp"
#include "gateway/hub/services.hpp"

namespace perpetua::gateway::hub {
namespace {

namespace json = boost::json;

std::vector<std::string> words_of(const Value& value) {
  std::vector<std::string> words;
  if (!value.is_present) return words;
  for (const json::value& entry : value.json->get_array()) {
    words.emplace_back(entry.get_string().data(), entry.get_string().size());
  }
  return words;
}

void write_words(JsonWriter& json, const std::vector<std::string>& words) {
  json.begin_array();
  for (const std::string& word : words) json.text(word);
  json.end_array();
}

void write_optional(JsonWriter& json, std::optional<int64_t> number) {
  if (number) {
    write_number(json, *number, kMicroDigits);
  } else {
    json.null();
  }
}

struct RuntimeConfig {
  int64_t heartbeat_interval_s = 60;
  std::vector<std::string> markets;
  std::string strategy;
  std::optional<int64_t> take_profit_e6;
  std::optional<int64_t> stop_loss_e6;
  int64_t default_leverage = 5;
  int64_t max_open_positions = 3;
  std::vector<std::string> signal_sources;
};

RuntimeConfig read_config(const Call& call) {
  RuntimeConfig config;
  config.heartbeat_interval_s = number_or(input(call, "heartbeat_interval"), 60);
  config.markets = words_of(input(call, "markets"));
  const Value& strategy = input(call, "strategy");
  config.strategy = strategy.is_present ? strategy.text : std::string_view("momentum");
  if (const Value& value = input(call, "take_profit"); value.is_present) {
    config.take_profit_e6 = value.number;
  }
  if (const Value& value = input(call, "stop_loss"); value.is_present) {
    config.stop_loss_e6 = value.number;
  }
  config.default_leverage = number_or(input(call, "default_leverage"), 5);
  config.max_open_positions = number_or(input(call, "max_open_positions"), 3);
  config.signal_sources = words_of(input(call, "signal_sources"));
  if (!config.markets.empty()) return config;
  for (const stores::MarketView& market : call.hot().markets()) {
    config.markets.emplace_back(asset_name(market.spec));
  }
  return config;
}

void write_config_start(JsonWriter& json, const RuntimeConfig& config) {
  json.key("heartbeat_interval").number(config.heartbeat_interval_s);
  json.key("markets");
  write_words(json, config.markets);
  json.key("strategy").text(config.strategy);
}

// An agent decides for itself in its own process, and tells here that this has begun or ended, so
// that others can see it: a note "active {config as status shows it}".
constexpr std::string_view kActive = "active";
constexpr std::string_view kStopped = "stopped";
constexpr std::string_view kDormant = "dormant";
constexpr int64_t kDayMs = 86'400'000;
constexpr int64_t kActiveNoteMs = 30 * kDayMs;
constexpr int64_t kStoppedNoteMs = kDayMs;

struct RuntimeNote {
  std::string_view state = kDormant;
  std::string config;
};

std::string runtime_note(AgentId agent) { return "runtime:{" + std::to_string(agent) + "}"; }

// Null: return now.
const NoteAnswer* find_runtime(Call& call, AgentId agent) {
  return call.ask({NoteAsk::Kind::read, runtime_note(agent), {}, {}, 0});
}

const NoteAnswer* note_runtime(Call& call, std::string_view state, std::string_view config) {
  return call.ask({NoteAsk::Kind::write,
                   runtime_note(call.principal.agent),
                   {},
                   std::string(state).append(" ").append(config),
                   state == kActive ? kActiveNoteMs : kStoppedNoteMs});
}

bool refuse_unnoted(Call& call) {
  return refuse(call, kExchangeUnavailable, "Runtimes cannot be noted or looked up now");
}

// One that is not as we write them counts as none.
RuntimeNote read_note(const NoteAnswer& note) {
  const std::string_view text = note.value;
  for (const std::string_view state : {kActive, kStopped}) {
    if (!text.starts_with(state)) continue;
    const std::string_view config = text.substr(std::min(state.size() + 1, text.size()));
    boost::system::error_code code;
    const json::value parsed = json::parse({config.data(), config.size()}, code);
    if (!code && parsed.is_object()) return {state, std::string(config)};
  }
  std::string none;
  JsonWriter writer(none);
  writer.begin_object();
  write_config_start(writer, RuntimeConfig());
  writer.end_object();
  return {kDormant, none};
}

// Fields that a payload of a kind must hold.
struct PayloadRule {
  std::string_view kind;
  std::string_view fields[4];
};
constexpr PayloadRule kPayloadRules[] = {
    {"signal_proposal", {"asset", "direction", "confidence", "timeframe"}},
    {"trade_acceptance", {"proposal_message_id", "accepted", "size_usdc"}},
    {"strategy_update", {"strategy_name", "status"}},
    {"risk_alert", {"alert_type", "severity", "asset"}},
    {"position_update", {"asset", "action", "side"}},
    {"chat", {"content"}},
};

bool check_payload(Call& call, std::string_view kind, const json::object& payload) {
  std::string missing;
  for (const PayloadRule& rule : kPayloadRules) {
    if (rule.kind != kind) continue;
    for (const std::string_view field : rule.fields) {
      if (field.empty() || payload.contains({field.data(), field.size()})) continue;
      missing += (missing.empty() ? "" : ", ") + std::string(field);
    }
  }
  if (missing.empty()) return true;
  return refuse_field(call, "body", "payload", "needs " + missing, "missing");
}

std::string message_text(std::string_view kind, const json::object& payload) {
  const json::value* content = payload.if_contains("content");
  if (kind != "chat" || content == nullptr || !content->is_string()) return std::string(kind);
  return {content->get_string().data(), content->get_string().size()};
}

}  // namespace

bool start_runtime(Call& call) {
  const RuntimeConfig config = read_config(call);
  const AgentId agent = call.principal.agent;
  std::string shown;
  JsonWriter own(shown);
  own.begin_object();
  write_config_start(own, config);
  own.end_object();
  const NoteAnswer* note = note_runtime(call, kActive, shown);
  if (note == nullptr) return false;
  if (!note->is_known) return refuse_unnoted(call);
  JsonWriter json(call.reply);
  json.begin_object().key("success").boolean(true);
  json.key("message").text("Runtime of " + agent_name(agent) + " started");
  json.key("config").begin_object();
  write_config_start(json, config);
  json.key("take_profit");
  write_optional(json, config.take_profit_e6);
  json.key("stop_loss");
  write_optional(json, config.stop_loss_e6);
  json.key("default_leverage").number(config.default_leverage);
  json.key("max_open_positions").number(config.max_open_positions);
  json.key("signal_sources");
  write_words(json, config.signal_sources);
  json.end_object().end_object();
  return true;
}

bool stop_runtime(Call& call) {
  const AgentId agent = call.principal.agent;
  const NoteAnswer* note = find_runtime(call, agent);
  if (note == nullptr) return false;
  if (!note->is_known) return refuse_unnoted(call);
  const RuntimeNote runtime = read_note(*note);
  const bool was_running = runtime.state == kActive;
  if (was_running) {
    const NoteAnswer* stopped = note_runtime(call, kStopped, runtime.config);
    if (stopped == nullptr) return false;
    if (!stopped->is_known) return refuse_unnoted(call);
  }
  JsonWriter json(call.reply);
  json.begin_object().key("success").boolean(true);
  json.key("message").text("Runtime of " + agent_name(agent) +
                           (was_running ? " stopped" : " was not running"));
  json.end_object();
  return true;
}

void get_runtime_status(Call& call) {
  const auto agent = parse_agent_name(call.path_value("agent_id"));
  JsonWriter json(call.reply);
  if (!agent || !call.hot().account(*agent)) {
    json.begin_object().key("error").text("Agent not found").end_object();
    return;
  }
  const NoteAnswer* note = find_runtime(call, *agent);
  if (note == nullptr) return;
  if (!note->is_known) {
    refuse_unnoted(call);
    return;
  }
  const RuntimeNote runtime = read_note(*note);
  json.begin_object().key("agent_id").text(agent_name(*agent));
  json.key("state").text(runtime.state);
  json.key("config").raw(runtime.config);
  json.key("is_running").boolean(runtime.state == kActive).end_object();
}

bool prepare_agent_message(Call& call) {
  const std::string_view kind = input(call, "msg_type").text;
  const json::object& payload = input(call, "payload").json->get_object();
  if (!check_payload(call, kind, payload)) return false;
  ChatMessage message;
  message.kind = MessageKind::agent_message;
  message.text = message_text(kind, payload);
  const std::string_view recipient = input(call, "to_agent").text;
  if (recipient != "*" && !find_recipient(call, recipient, message.to_agent)) return false;
  JsonWriter metadata(message.metadata);
  metadata.begin_object().key("msg_type").text(kind);
  std::string copy;
  append_json(copy, payload, call.json);
  metadata.key("payload").raw(copy);
  metadata.key("reply_to").text_or_null(input(call, "reply_to").text);
  metadata.end_object();
  return submit_message(call, message, "payload");
}

bool complete_agent_message(Call& call) {
  if (!is_done(call)) return false;
  JsonWriter json(call.reply);
  json.begin_object().key("success").boolean(true);
  json.key("message_id").text(id_text(IdKind::chat, outcome_of(call).id));
  json.key("msg_type").text(input(call, "msg_type").text);
  json.key("validated").boolean(true).end_object();
  return false;
}

}  // namespace perpetua::gateway::hub
