#include "cluster/append_script.hpp"

#include <string>
#include <vector>

#include "cluster/entry_format.hpp"
#include "stores/redis/stream_reader.hpp"

namespace perpetua::cluster {
namespace {

// KEYS: stream, writer. ARGV: arrived, number, bound for all, bound for cancels, writer lifetime,
// one letter an entry ('c': only cancels), then the entries.
const redis::Script& append_script() {
  static const redis::Script script(
      "local seen = tonumber(redis.call('GET', KEYS[2]) or '0') "
      "local number = tonumber(ARGV[2]) "
      "if seen < tonumber(ARGV[1]) then return {'lost', seen} end "
      "if seen >= number then return {'late', seen} end "
      "redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[5]) "
      "local length = redis.call('XLEN', KEYS[1]) "
      "local ids = {} "
      "for i = 1, #ARGV[6] do "
      "  local bound = tonumber(ARGV[3]) "
      "  if string.sub(ARGV[6], i, i) == 'c' then bound = tonumber(ARGV[4]) end "
      "  if length < bound then "
      "    ids[i] = redis.call('XADD', KEYS[1], '*', '" +
      std::string(kEntryField) +
      "', ARGV[6 + i]) "
      "    length = length + 1 "
      "  else "
      "    ids[i] = '' "
      "  end "
      "end "
      "return {'done', number, ids}");
  return script;
}

// Unknown it stays, if the reply is not of its form.
void read_ids(const redis::Reply& ids, std::size_t entries, AppendResult& result) {
  if (ids.elements.size() != entries) return;
  for (const redis::Reply& id : ids.elements) {
    const auto parsed = redis::parse_stream_id(id.text);
    if (!parsed && !id.text.empty()) return;
    result.ids.push_back(parsed ? StreamPosition{parsed->milliseconds, parsed->sequence}
                                : StreamPosition());
  }
  result.kind = AppendResult::Kind::done;
}

}  // namespace

redis::Request make_append(const AppendCall& call) {
  const std::string numbers[] = {std::to_string(call.arrived), std::to_string(call.number),
                                 std::to_string(call.entries_max - call.cancel_reserve),
                                 std::to_string(call.entries_max),
                                 std::to_string(kWriterLifetimeMs)};
  std::string letters;
  for (const AppendEntry& entry : call.entries) letters += entry.only_cancels ? 'c' : 'o';
  std::vector<std::string_view> arguments(std::begin(numbers), std::end(numbers));
  arguments.emplace_back(letters);
  for (const AppendEntry& entry : call.entries) arguments.push_back(entry.payload);
  const std::string_view keys[] = {call.stream_key, call.writer_key};
  redis::Request request;
  request.add_script(append_script(), keys, arguments);
  return request;
}

AppendResult read_append(const redis::Reply& reply, std::size_t entries) {
  using Kind = AppendResult::Kind;
  AppendResult result;
  if (reply.is_error()) {
    // The script's first write is the one that a server refuses (no memory, no right, read-only).
    if (reply.failure != redis::Failure::unknown) result.kind = Kind::not_executed;
    return result;
  }
  if (!reply.is_array() || reply.elements.size() < 2) return result;
  const std::string& word = reply.elements[0].text;
  result.seen = static_cast<uint64_t>(reply.elements[1].integer);
  if (word == "lost") result.kind = Kind::lost;
  if (word == "late") result.kind = Kind::late;
  if (word == "done" && reply.elements.size() == 3) read_ids(reply.elements[2], entries, result);
  return result;
}

}  // namespace perpetua::cluster
