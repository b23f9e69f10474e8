#include "gateway/ws/subscriptions.hpp"

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <vector>

#include "gateway/codec/fields.hpp"
#include "gateway/codec/json_writer.hpp"
#include "gateway/codec/parse.hpp"
#include "gateway/codec/request_fields.hpp"
#include "gateway/context.hpp"
#include "gateway/ws/hub.hpp"
#include "gateway/ws/private_messages.hpp"
#include "gateway/ws/session.hpp"
#include "gateway/ws/shard.hpp"
#include "stores/memory/hot_store.hpp"

namespace perpetua::gateway::ws {
namespace {

using boost::json::object;

constexpr std::array<Channel, 5> kPrivateChannels = {
    Channel::orders, Channel::fills, Channel::positions, Channel::account, Channel::alerts};
constexpr std::string_view kAllPrivate = "private";  // all of them at once

// What a subscribe or unsubscribe names; several topics for `private`.
struct Target {
  std::string_view channel;
  std::vector<Topic> topics;
};

bool parse_private(const Session& session, Target& target, ApiError& error) {
  const Principal& principal = session.principal();
  if (principal.agent == 0) {
    error = ApiError(ResultCode::unauthorized, "channel", "a private channel needs an API key",
                     "send {\"op\":\"auth\",\"key\":\"th_...\"} first");
    return false;
  }
  if (!principal.has(kScopeRead)) {
    error = ApiError(ResultCode::forbidden, "read");
    return false;
  }
  for (const Channel channel : kPrivateChannels) {
    if (target.channel == kAllPrivate || target.channel == wire_name(channel)) {
      target.topics.push_back(agent_topic(channel, principal.agent));
    }
  }
  return true;
}

bool parse_thoughts(Session& session, const object& message, Target& target, ApiError& error) {
  const uint64_t agent = id_field(message, "agent_id").value_or(0);
  const bool is_known =
      agent <= limits::kAgentsMax &&
      (agent == 0 || session.shard().context().hot.agent(static_cast<AgentId>(agent)));
  if (!is_known) {
    error = ApiError(ResultCode::agent_not_found, "agent_id");
    return false;
  }
  target.topics.push_back(agent_topic(Channel::thoughts, static_cast<AgentId>(agent)));
  return true;
}

bool parse_market_topic(Session& session, Channel channel, const object& message, Target& target,
                        ApiError& error) {
  const auto symbol = text_field(message, "market");
  if (!symbol) {
    error = ApiError(ResultCode::missing_field, "market");
    return false;
  }
  MarketId market = kNoMarket;
  if (!find_market(*symbol, session.shard().context().markets, market, error)) return false;
  uint8_t interval = 0;
  if (channel == Channel::candles) {
    const auto name = text_field(message, "interval");
    if (!name) {
      error = ApiError(ResultCode::missing_field, "interval");
      return false;
    }
    interval = static_cast<uint8_t>(*stores::parse_candle_interval(*name));
  }
  target.topics.push_back(Topic(channel, market, interval));
  return true;
}

// Fields that say nothing about this channel are a mistake the client should hear of.
bool check_channel_fields(const object& message, std::string_view channel_name, ApiError& error) {
  const auto channel = parse_channel(channel_name);
  const bool is_private_one = !channel || is_private(*channel);
  const bool is_thoughts = channel == Channel::thoughts;
  const auto forbid = [&](std::string_view field, bool is_allowed) {
    const boost::json::value* value = message.if_contains({field.data(), field.size()});
    if (is_allowed || value == nullptr || value->is_null()) return true;
    error =
        ApiError(ResultCode::invalid_field, std::string(field), "does not apply to this channel");
    return false;
  };
  return forbid("market", !is_private_one && !is_thoughts) &&
         forbid("interval", channel == Channel::candles) && forbid("agent_id", is_thoughts) &&
         forbid("resume_from", is_private_one);
}

bool parse_target(Session& session, const object& message, Target& target, ApiError& error) {
  target.channel = *text_field(message, "channel");
  if (!check_channel_fields(message, target.channel, error)) return false;
  const auto channel = parse_channel(target.channel);
  if (!channel || is_private(*channel)) return parse_private(session, target, error);
  if (*channel == Channel::thoughts) return parse_thoughts(session, message, target, error);
  return parse_market_topic(session, *channel, message, target, error);
}

// The acknowledgement repeats what was asked for, so a client needs no table of its own.
void begin_acknowledgement(JsonWriter& json, std::string_view type, RequestId id,
                           const Target& target, const object& message) {
  json.begin_object().key("type").text(type);
  write_id(json, id);
  json.key("channel").text(target.channel);
  for (const std::string_view name : {"market", "interval"}) {
    if (const auto value = text_field(message, name)) json.key(name).text(*value);
  }
  if (const auto agent = id_field(message, "agent_id")) json.key("agent_id").id(*agent);
}

void subscribe_public(Session& session, RequestId id, const Target& target, const object& message) {
  const Topic topic = target.topics.front();
  const Snapshot snapshot = session.shard().hub().watch(topic);
  session.add_subscription(topic, snapshot.sequence);
  std::string out;
  JsonWriter json(out);
  begin_acknowledgement(json, "subscribed", id, target, message);
  json.end_object();
  session.send(out);
  session.send_snapshot(snapshot, topic);
}

void send_missed(Session& session, const Target& target, const AgentWatch& watch) {
  const auto is_wanted = [&](Channel channel) {
    return target.channel == kAllPrivate || target.channel == wire_name(channel);
  };
  for (const RecentEvent& recent : watch.missed) {
    const EventHeader& header = recent.event.header;
    const MarketSpec* spec = session.shard().context().markets.spec(header.market);
    const auto [main, second] = channels_of(header.type);
    const auto send = [&](Channel channel) {
      session.send(text_frame(private_message(channel, recent.event, spec, recent.log_time_ms)),
                   completed_sequence(channel, header.agent_sequence));
    };
    if (is_wanted(main)) send(main);
    if (second != main && is_wanted(second)) send(second);
  }
}

void subscribe_private(Session& session, RequestId id, const Target& target,
                       const object& message) {
  const AgentId agent = session.principal().agent;
  std::optional<uint64_t> resume_from;
  if (const auto given = integer_field(message, "resume_from")) {
    resume_from = static_cast<uint64_t>(*given);
  }
  Hub& hub = session.shard().hub();
  const AgentWatch watch = hub.watch_agent(agent, resume_from);
  if (!watch.is_complete) {
    hub.unwatch_agent(agent);
    const bool is_ahead = resume_from && *resume_from > watch.last_sequence;
    return session.send_error(
        id, ApiError(ResultCode::invalid_cursor, "resume_from",
                     is_ahead ? "this sequence is ahead of the exchange"
                              : "these events are not kept here any more",
                     "fetch account, positions, orders and fills over HTTP, then subscribe "
                     "without `resume_from`"));
  }
  session.add_subscription(target.topics.front(), watch.last_sequence);
  for (std::size_t i = 1; i < target.topics.size(); ++i) {
    // Same thread, so nothing has come in between: the first watch's sequence holds for all.
    hub.watch_agent(agent, std::nullopt);
    session.add_subscription(target.topics[i], watch.last_sequence);
  }
  const uint64_t after = resume_from.value_or(watch.last_sequence);
  std::string out;
  JsonWriter json(out);
  begin_acknowledgement(json, "subscribed", id, target, message);
  json.key("seq").number(static_cast<int64_t>(after));
  json.key("last_seq").number(static_cast<int64_t>(watch.last_sequence)).end_object();
  session.send(text_frame(out), after);
  send_missed(session, target, watch);
}

}  // namespace

void run_subscribe(Session& session, RequestId id, const object& message) {
  Target target;
  ApiError error;
  if (!parse_target(session, message, target, error)) return session.send_error(id, error);
  for (const Topic topic : target.topics) {
    if (session.find_subscription(topic) == nullptr) continue;
    return session.send_error(
        id, ApiError(ResultCode::invalid_request, "channel",
                     "subscribed already: " + std::string(wire_name(topic.channel()))));
  }
  if (!session.has_room_for(target.topics.size())) {
    return session.send_error(id, ApiError(ResultCode::invalid_request, "channel",
                                           "a socket holds at most 128 subscriptions"));
  }
  if (is_private(target.topics.front().channel())) {
    return subscribe_private(session, id, target, message);
  }
  subscribe_public(session, id, target, message);
}

void run_unsubscribe(Session& session, RequestId id, const object& message) {
  Target target;
  ApiError error;
  if (!parse_target(session, message, target, error)) return session.send_error(id, error);
  bool is_any = false;
  for (const Topic topic : target.topics) is_any = session.remove_subscription(topic) || is_any;
  if (!is_any) {
    return session.send_error(id,
                              ApiError(ResultCode::invalid_request, "channel", "not subscribed"));
  }
  std::string out;
  JsonWriter json(out);
  begin_acknowledgement(json, "unsubscribed", id, target, message);
  json.end_object();
  session.send(out);
}

}  // namespace perpetua::gateway::ws
