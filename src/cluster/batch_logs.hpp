// BatchLogs: reads the logs of the batch stream, those of all tags at once. Beside it, what a
// leader asks of the log of one tag before it writes there.
//
// A tag whose node does not answer is left out for kTagAwayMs, so that one master that is away does
// not make every question as long as its time-out.
// Thread-safety: one thread, which waits for the answers; not the client's.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "cluster/streams.hpp"
#include "engine/schema/types.hpp"

namespace perpetua::redis {
class Client;
class Request;
struct Reply;
}  // namespace perpetua::redis

namespace perpetua::cluster {

inline constexpr int64_t kTagAwayMs = 1'000;
inline constexpr int kLogMessagesAtOnce = 16;  // of a tag; a message has about 1 MiB at most

class BatchLogs {
 public:
  BatchLogs(redis::Client& client, int64_t timeout_ms) : client_(client), timeout_ms_(timeout_ms) {}

  struct Answer {
    bool is_answered = false;           // by one tag at least
    BatchNumber last = 0;               // newest batch that any of them names
    std::vector<std::string> messages;  // that may hold batches after `after`; of each tag in order
  };
  Answer read(BatchNumber after);

 private:
  redis::Client& client_;
  const int64_t timeout_ms_;
  std::array<std::chrono::steady_clock::time_point, kBatchTags> away_until_{};
};

// The number in an answer to GET of a batch_last_key; 0 if it has none.
BatchNumber batch_number_of(std::string_view text);

// For the newest message of a tag and the newest batch that it names.
redis::Request ask_newest(unsigned tag);

// Whether what a tag holds may stand before what a leader publishes from `next_batch` on. Only what
// is durable is published: a batch beyond the newest one is of a history that was lost, unless a
// later leader has published it. REQUIRES: the replies to ask_newest(), without errors.
bool may_precede(const std::vector<redis::Reply>& replies, uint32_t crc_seed, uint64_t epoch,
                 BatchNumber next_batch);

}  // namespace perpetua::cluster
