// SharedNotes: what the gateways of one exchange tell each other, beside the exchange itself.
//
// Small texts by key that end by themselves (spent logins, runtimes, bets told), and sightings:
// when agents and their keys were last seen. None of it is money or state of the exchange; it may
// be lost. Without SharedNotes a process keeps its own.
// Thread-safety: any thread; `done` on any thread, exactly once, also within the call.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/schema/types.hpp"

namespace perpetua::gateway {

struct NoteAsk {
  enum class Kind : uint8_t {
    read,
    write,  // whatever it was
    swap,   // atomically: only if it is `expected`
  };
  Kind kind = Kind::read;
  std::string key;       // "login:7"
  std::string expected;  // swap; empty: there is none
  std::string value;     // write, swap; not empty
  int64_t ttl_ms = 0;    // write, swap: above 0
};

struct NoteAnswer {
  bool is_known = false;  // false: nobody could be asked; it was done or not
  bool is_done = false;   // write; swap: it was as expected
  std::string value;      // read; empty: there is none
};

// When a key and its agent were seen, in seconds since 1970.
struct Sighting {
  AgentId agent = 0;
  uint32_t key_id = 0;  // 0: by a token
  uint32_t time_s = 0;
};

class SharedNotes {
 public:
  virtual ~SharedNotes() = default;

  virtual void ask(NoteAsk ask, std::function<void(NoteAnswer)> done) = 0;

  // Tells ours and gives those of all processes since `since_s`; nullopt: nobody could be asked.
  using Sightings = std::vector<Sighting>;
  virtual void exchange(Sightings ours, uint32_t since_s,
                        std::function<void(std::optional<Sightings>)> done) = 0;
};

}  // namespace perpetua::gateway
