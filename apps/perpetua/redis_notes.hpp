// RedisNotes: what the gateways of one exchange tell each other, in Redis (docs/redis.md, notes).
// Thread-safety: any thread; answers on the client's.
#pragma once

#include "gateway/shared_notes.hpp"
#include "stores/redis/client.hpp"

namespace perpetua::app {

inline constexpr std::size_t kSightingsReadMax = 100'000;  // the newest, of one exchange

class RedisNotes final : public gateway::SharedNotes {
 public:
  // REQUIRES: the client outlives it.
  RedisNotes(redis::Client& client, int64_t timeout_ms);

  void ask(gateway::NoteAsk ask, std::function<void(gateway::NoteAnswer)> done) override;
  void exchange(Sightings ours, uint32_t since_s,
                std::function<void(std::optional<Sightings>)> done) override;

 private:
  redis::Client& client_;
  const int64_t timeout_ms_;
  const redis::Script swap_;
};

}  // namespace perpetua::app
