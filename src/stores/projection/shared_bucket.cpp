#include "stores/projection/shared_bucket.hpp"

#include <memory>
#include <string>

namespace perpetua::projection {
namespace {

// Lua's numbers are doubles: times since 2025, in microseconds, keep fractions for a century. A
// token may come a hundredth of a microsecond early, because sums of such fractions are not exact.
constexpr const char* kGcra = R"(
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local wanted, spent, now = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
if now == 0 then
  local clock = redis.call('TIME')
  now = (tonumber(clock[1]) - 1735689600) * 1000000 + tonumber(clock[2])
end
local depth = interval * burst
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
full_at = math.max(full_at + spent * interval, now)
local room = math.max(math.floor((now + depth - full_at + 0.01) / interval), 0)
local granted = math.min(wanted, room)
full_at = full_at + granted * interval
local retry = 0
if granted == 0 then retry = full_at + interval - depth - now end
if full_at > now then
  local life_ms = math.ceil((full_at - now) / 1000) + 1
  redis.call('SET', KEYS[1], string.format('%.3f', full_at), 'PX', string.format('%.0f', life_ms))
else
  redis.call('DEL', KEYS[1])
end
return {granted, room - granted, math.ceil(full_at - now), math.ceil(retry)}
)";

// A quarter of what is left at once, so that near the limit no process sits on the others' tokens.
constexpr const char* kWindow = R"(
local limit, wanted = tonumber(ARGV[2]), tonumber(ARGV[3])
local spent, now = tonumber(ARGV[4]), tonumber(ARGV[5])
local window = 1000000
if now == 0 then
  local clock = redis.call('TIME')
  now = (tonumber(clock[1]) - 1735689600) * 1000000 + tonumber(clock[2])
end
local used, last, gone, rows = 0, now - window, 0, {}
for _, row in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local at, count = string.match(row, '^(%d+):(%d+)$')
  at, count = tonumber(at), tonumber(count)
  if now - at >= window or at > now then
    gone = gone + 1
  else
    used, last = used + count, at
    rows[#rows + 1] = {at, count}
  end
end
if gone > 0 then redis.call('LTRIM', KEYS[1], gone, -1) end
local function note(count)
  if count <= 0 then return end
  redis.call('RPUSH', KEYS[1], string.format('%.0f:%.0f', now, count))
  redis.call('EXPIRE', KEYS[1], 10)
  used, last = used + count, now
  rows[#rows + 1] = {now, count}
end
note(spent)
local room = math.max(limit - used, 0)
local granted = math.min(wanted, room, math.max(math.ceil(room / 4), 1))
note(granted)
local retry, left = 0, used
if granted == 0 then
  for _, row in ipairs(rows) do
    left, retry = left - row[2], row[1] + window - now
    if left < limit then break end
  end
end
return {granted, room - granted, last + window - now, retry}
)";

}  // namespace

SharedBucket::SharedBucket(redis::Client& client, int64_t timeout_ms)
    : client_(client), timeout_ms_(timeout_ms), bucket_(kGcra), window_(kWindow) {}

void SharedBucket::take(const BucketRequest& request, Done done) {
  const std::string key = "rate:{" + std::string(request.budget) + "}";
  const std::string interval = std::to_string(request.interval_ns / 1'000) + "." +
                               std::to_string(request.interval_ns % 1'000 + 1'000).substr(1);
  redis::Request call;
  call.add_script(request.is_window ? window_ : bucket_, {key},
                  {interval, std::to_string(request.burst), std::to_string(request.wanted),
                   std::to_string(request.spent), std::to_string(request.now_us)});
  redis::CallOptions options;
  options.timeout_ms = timeout_ms_;
  const auto shared = std::make_shared<Done>(std::move(done));
  const auto submitted =
      client_.submit(std::move(call), options, [shared](std::vector<redis::Reply>&& replies) {
        const redis::Reply& reply = replies.front();
        if (reply.elements.size() != 4) return (*shared)(std::nullopt);
        const auto number = [&](std::size_t i) { return reply.elements[i].integer; };
        (*shared)(BucketAnswer{static_cast<uint32_t>(number(0)), static_cast<uint32_t>(number(1)),
                               number(2), number(3)});
      });
  if (submitted != redis::Submit::accepted) (*shared)(std::nullopt);
}

}  // namespace perpetua::projection
