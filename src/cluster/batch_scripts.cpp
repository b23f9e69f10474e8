#include "cluster/batch_scripts.hpp"

#include <string>

namespace perpetua::cluster {
namespace {

// The number of a tag never decreases, whoever is late. Numbers are exact to 2^53.
constexpr const char* kNameLast = R"(
local function name_last(key, batch)
  local before = redis.call('GET', key)
  if not before or tonumber(before) < tonumber(batch) then redis.call('SET', key, batch) end
end)";

}  // namespace

const redis::Script& publish_script() {
  static const redis::Script script(std::string(kNameLast) + R"(
local added = redis.pcall('XADD', KEYS[1], 'MINID', '~', ARGV[3], ARGV[2] .. '-0', 'r', ARGV[1])
if type(added) == 'table' and added.err then
  if string.find(added.err, 'equal or smaller', 1, true) then return 0 end
  return added
end
name_last(KEYS[2], ARGV[2])
redis.call(ARGV[4], KEYS[3], ARGV[1])
return 1)");
  return script;
}

const redis::Script& beat_script() {
  static const redis::Script script(std::string(kNameLast) + R"(
name_last(KEYS[1], ARGV[2])
redis.call(ARGV[3], KEYS[2], ARGV[1])
return 1)");
  return script;
}

}  // namespace perpetua::cluster
