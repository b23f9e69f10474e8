// Origins: who sent the commands behind a consume_stream marker; the marker's text.
//
//   0           8          16        20
//   | gateway u64 | token u64 | count u32 |   repeated, in the order of the commands
//
// Little endian. `gateway` is the random number of a process, `token` its own name for the request,
// `count` how many commands came with it. The counts add up to the marker's command_count.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/schema/batch.hpp"

namespace perpetua::cluster {

struct Origin {
  uint64_t gateway = 0;
  uint64_t token = 0;
  uint32_t count = 0;

  bool operator==(const Origin&) const = default;
};

inline constexpr std::size_t kOriginBytes = 20;

void append_origins(std::string& text, std::span<const Origin> origins);

// False, and nothing in `origins`, if the text is not of this form.
[[nodiscard]] bool parse_origins(std::string_view text, std::vector<Origin>& origins);

// Calls visit(origin, first_command) for every origin of every marker of the batch, in order;
// commands [first_command, first_command + origin.count) of the batch are its own. A marker whose
// text does not fit its commands is passed over.
template <class Visit>
void for_each_origin(const BatchInput& batch, Visit&& visit) {
  std::vector<Origin> origins;
  for (std::size_t i = 0; i < batch.commands.size(); ++i) {
    const Command& marker = batch.commands[i];
    if (marker.header.type != CommandType::consume_stream) continue;
    const uint32_t count = marker.consume.command_count;
    const CommandHeader& header = marker.header;
    if (header.text_offset > batch.text.size() || count > batch.commands.size() - i - 1) continue;
    if (!parse_origins(batch.text.substr(header.text_offset, header.text_length), origins))
      continue;
    uint64_t sum = 0;
    for (const Origin& origin : origins) sum += origin.count;
    if (sum != count) continue;
    std::size_t first = i + 1;
    for (const Origin& origin : origins) {
      visit(static_cast<const Origin&>(origin), first);
      first += origin.count;
    }
  }
}

}  // namespace perpetua::cluster
