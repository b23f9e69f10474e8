#include "redis_notes.hpp"

#include <charconv>
#include <string>
#include <string_view>
#include <utility>

namespace perpetua::app {
namespace {

using gateway::NoteAnswer;
using gateway::NoteAsk;
using gateway::Sighting;

constexpr std::string_view kSeenKey = "seen";
constexpr uint32_t kSeenDays = 30;
constexpr uint32_t kSecondsPerDay = 86'400;
constexpr std::size_t kMembersPerCommand = 500;

constexpr const char* kSwap = R"(
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
)";

redis::Request request_of(const NoteAsk& ask, const redis::Script& swap) {
  if (ask.kind == NoteAsk::Kind::read) return {ask.key, {"GET", ask.key}};
  const std::string ttl_ms = std::to_string(ask.ttl_ms);
  if (ask.kind == NoteAsk::Kind::write) {
    return {ask.key, {"SET", ask.key, ask.value, "PX", ttl_ms}};
  }
  redis::Request request;
  request.add_script(swap, {ask.key}, {ask.expected, ask.value, ttl_ms});
  return request;
}

NoteAnswer answer_of(NoteAsk::Kind kind, redis::Reply&& reply) {
  NoteAnswer answer;
  answer.is_known = !reply.is_error();
  if (!answer.is_known) return answer;
  if (kind == NoteAsk::Kind::read) answer.value = std::move(reply.text);
  if (kind == NoteAsk::Kind::write) answer.is_done = true;
  if (kind == NoteAsk::Kind::swap) answer.is_done = reply.integer == 1;
  return answer;
}

void add_sightings(redis::Request& request, const std::vector<Sighting>& ours) {
  for (std::size_t first = 0; first < ours.size(); first += kMembersPerCommand) {
    std::vector<std::string> words;
    for (std::size_t i = first; i < std::min(ours.size(), first + kMembersPerCommand); ++i) {
      words.push_back(std::to_string(ours[i].time_s));
      words.push_back(std::to_string(ours[i].agent) + ":" + std::to_string(ours[i].key_id));
    }
    std::vector<std::string_view> arguments = {"ZADD", kSeenKey, "GT"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    request.add(kSeenKey, arguments);
  }
}

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// "7:12" with its score; what is not of this form is left out.
std::vector<Sighting> parse_sightings(const std::vector<redis::Reply>& words) {
  std::vector<Sighting> out;
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    const std::string_view member = words[i].text;
    const std::size_t colon = member.find(':');
    Sighting sighting;
    if (colon != std::string_view::npos && parse_number(member.substr(0, colon), sighting.agent) &&
        parse_number(member.substr(colon + 1), sighting.key_id) &&
        parse_number(words[i + 1].text, sighting.time_s)) {
      out.push_back(sighting);
    }
  }
  return out;
}

}  // namespace

RedisNotes::RedisNotes(redis::Client& client, int64_t timeout_ms)
    : client_(client), timeout_ms_(timeout_ms), swap_(kSwap) {}

void RedisNotes::ask(NoteAsk ask, std::function<void(NoteAnswer)> done) {
  redis::CallOptions options;
  options.timeout_ms = timeout_ms_;
  options.is_idempotent = ask.kind != NoteAsk::Kind::swap;
  const redis::Submit submit =
      client_.submit(request_of(ask, swap_), options,
                     [kind = ask.kind, done](std::vector<redis::Reply>&& replies) {
                       done(answer_of(kind, std::move(replies.front())));
                     });
  if (submit != redis::Submit::accepted) done(NoteAnswer());
}

void RedisNotes::exchange(Sightings ours, uint32_t since_s,
                          std::function<void(std::optional<Sightings>)> done) {
  redis::Request request;
  if (since_s == 0 && !ours.empty()) {  // once a process
    const uint32_t old_s = ours.front().time_s - kSeenDays * kSecondsPerDay;
    request.add(kSeenKey, {"ZREMRANGEBYSCORE", kSeenKey, "-inf", std::to_string(old_s)});
  }
  add_sightings(request, ours);
  request.add(kSeenKey, {"ZREVRANGEBYSCORE", kSeenKey, "+inf", std::to_string(since_s),
                         "WITHSCORES", "LIMIT", "0", std::to_string(kSightingsReadMax)});
  redis::CallOptions options;
  options.timeout_ms = timeout_ms_;
  options.is_idempotent = true;
  const redis::Submit submit =
      client_.submit(std::move(request), options, [done](std::vector<redis::Reply>&& replies) {
        const redis::Reply& rows = replies.back();
        if (!rows.is_array()) return done(std::nullopt);
        done(parse_sightings(rows.elements));
      });
  if (submit != redis::Submit::accepted) done(std::nullopt);
}

}  // namespace perpetua::app
