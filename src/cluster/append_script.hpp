// Append: how a gateway adds entries to a command stream: bounded, in order, and fenced.
//
// One script call adds many entries. Each gateway numbers its calls to a stream, and the script
// keeps the number of the newest one in the gateway's writer key beside the stream:
//   * a number below what the gateway knows to have arrived: the stream's master was replaced by
//   one
//     that lacked entries, or emptied. Nothing is added, so what was lost can be added first.
//   * a number that is not below the call's own: a late copy of a call that was given up.
// An entry beyond the bound is refused by itself.
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/schema/command.hpp"
#include "stores/redis/reply.hpp"
#include "stores/redis/request.hpp"

namespace perpetua::cluster {

// A writer key goes away when its gateway has sent nothing for so long.
inline constexpr int64_t kWriterLifetimeMs = 3'600'000;

struct AppendEntry {
  std::string_view payload;
  bool only_cancels = false;  // may use the reserve
};

struct AppendCall {
  std::string_view stream_key;
  std::string_view writer_key;
  uint64_t arrived = 0;  // number of the newest call that is known to have arrived
  uint64_t number = 0;   // of this one, above it
  uint32_t entries_max = 0;
  uint32_t cancel_reserve = 0;           // the last of them
  std::span<const AppendEntry> entries;  // none: only asks
};

redis::Request make_append(const AppendCall& call);

struct AppendResult {
  enum class Kind : uint8_t {
    done,          // `ids` says which entries
    lost,          // the stream holds no call above `seen`; nothing was added
    late,          // a later call, `seen`, has arrived; nothing was added
    not_executed,  // no node took it in time, or it was refused whole
    unknown,       // sent and unanswered
  };
  Kind kind = Kind::unknown;
  std::vector<StreamPosition> ids;  // of each entry; zero: beyond the bound, refused
  uint64_t seen = 0;
};

AppendResult read_append(const redis::Reply& reply, std::size_t entries);

}  // namespace perpetua::cluster
