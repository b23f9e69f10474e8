// StreamReader: hands over the entries of one Redis stream in order, from a position on, for ever.
//
// Reads with XREAD BLOCK on a connection of its own, follows MOVED, ASK and failover, and connects
// again with back-off. After a break it goes on behind the last entry that was taken, so of what
// the server has nothing is left out and nothing is handed over twice.
// A stream that begins anew below the position (emptied, or a replica that lacked entries became
// master) would hide its new entries until its ids have caught up; the reader lifts the stream's
// ids to its position whenever it connects and while nothing comes. Entries that got an id below
// the position before that are not seen: it takes a clock of the server that went back.
// Back-pressure: what the handler does not take stays and is offered again every kOfferAgainMs;
// nothing more is read meanwhile.
// Thread-safety: trim_before and the counters by any thread; the handler runs on the client's
// thread and must not block. Destroyed before the client, not from a callback; the handler does not
// run after the destructor returns.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "stores/redis/client.hpp"

namespace perpetua::redis {

// Of one entry, as the server gives them out: growing.
struct StreamId {
  uint64_t milliseconds = 0;
  uint64_t sequence = 0;

  auto operator<=>(const StreamId&) const = default;
};

std::string to_string(const StreamId& id);                       // "1700000000000-3"
std::optional<StreamId> parse_stream_id(std::string_view text);  // of exactly that form

struct StreamEntry {
  StreamId id;
  std::optional<std::string> payload;  // none: the entry does not have the field
};

struct StreamReaderOptions {
  std::string key;
  std::string field;  // of an entry: the payload
  StreamId after;     // the first entry is the one behind it
  uint32_t entries_per_read = 64;
  int64_t block_ms = 250;             // of one XREAD that finds nothing
  int64_t answer_timeout_ms = 1'000;  // beyond that: then the connection is made anew
  // Behind entries it asks for more at the next multiple of this on the steady clock, so that they
  // come in groups, those of all readers at the same time; 0 = at once, as after a full read.
  int64_t read_every_ms = 0;
  // Why a connection ended; on the client's thread. May be empty.
  std::function<void(const std::string&)> on_lost;
};

class StreamReader {
 public:
  static constexpr int64_t kOfferAgainMs = 2;
  static constexpr int64_t kReconnectMaxMs = 250;

  // How many of the entries it has taken, from the front.
  using Handler = std::function<std::size_t(std::span<StreamEntry>)>;

  StreamReader(Client& client, StreamReaderOptions options, Handler handler);
  ~StreamReader();
  StreamReader(const StreamReader&) = delete;
  StreamReader& operator=(const StreamReader&) = delete;

  // Entries before this one are not needed any more: removed with the next read.
  void trim_before(StreamId id);

  uint64_t connects() const;
  uint64_t lifts() const;  // how often the stream was behind the position
  bool is_connected() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace perpetua::redis
