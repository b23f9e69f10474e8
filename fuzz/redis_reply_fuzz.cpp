// Fuzzes what a Redis server may send: any bytes in any pieces, no crash, no reply beyond its
// bounds, the same replies however the bytes are cut; then the same bytes as an error text and as a
// reply to CLUSTER SLOTS.
#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/assert.hpp"
#include "stores/redis/reply_parser.hpp"
#include "stores/redis/server_error.hpp"
#include "stores/redis/slot_table.hpp"

namespace perpetua::redis {
namespace {

constexpr std::size_t kInputBytesMax = 1u << 16;
constexpr std::size_t kReplyBytesMax = 4'096;

bool is_same(const Reply& left, const Reply& right) {
  return left.type == right.type && left.integer == right.integer && left.text == right.text &&
         std::equal(left.elements.begin(), left.elements.end(), right.elements.begin(),
                    right.elements.end(), is_same);
}

std::vector<Reply> parse(std::string_view bytes, std::size_t piece) {
  ReplyParser parser(kReplyBytesMax);
  std::vector<Reply> replies;
  while (!bytes.empty()) {
    const std::string_view chunk = bytes.substr(0, piece);
    bytes.remove_prefix(chunk.size());
    parser.feed(chunk);
    Reply reply;
    while (parser.next(reply) == ReplyParser::Status::reply) replies.push_back(std::move(reply));
    if (!parser.error().empty()) break;
  }
  return replies;
}

void use(const Reply& reply) {
  SlotTable table;
  std::string error;
  if (read_slot_table(reply, {"asked", 1}, table, error)) {
    PERPETUA_ASSERT(table.covered() <= kSlots);
    for (const uint16_t owner : table.owner) {
      PERPETUA_ASSERT(owner == SlotTable::kNobody || owner < table.masters.size());
    }
  }
  const auto redirect = parse_redirect(reply.text);
  PERPETUA_ASSERT(!redirect || (redirect->slot < kSlots && redirect->target.port != 0));
  static_cast<void>(verdict_of(reply.text));
}

}  // namespace
}  // namespace perpetua::redis

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  using namespace perpetua::redis;
  if (size < 2 || size > kInputBytesMax) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::vector<Reply> cut = parse(bytes, data[0] + 1u);
  const std::vector<Reply> whole = parse(bytes, 256);
  // The bound of a reply is seen at the end of a piece, so one way may stop earlier.
  const std::size_t common = std::min(cut.size(), whole.size());
  for (std::size_t i = 0; i < common; ++i) PERPETUA_ASSERT(is_same(cut[i], whole[i]));
  for (const Reply& reply : whole) use(reply);
  return 0;
}
