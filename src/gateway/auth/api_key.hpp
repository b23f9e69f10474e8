// API keys: "th_" + 4 characters + "_" + 32 characters base64url, 212 random bits in all. Shown
// once; only SHA-256 is ever stored.
//
// Lookup is by the SHA-256 of what was presented, so how long it takes tells nothing about a key:
// a sender who could steer the digest's bytes would have to invert SHA-256. What decides is a
// comparison of digests in constant time (equal_in_constant_time), never ==.
// Thread-safety: all functions, and ApiKeySource, may be used by any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/schema/command.hpp"

namespace perpetua::gateway {

inline constexpr std::string_view kApiKeyPrefix = "th_";
inline constexpr std::size_t kApiKeyBytes = 40;

struct ApiKey {
  std::string text;
  Sha256 sha256{};
};

Sha256 sha256_of(std::string_view text);
bool equal_in_constant_time(const Sha256& a, const Sha256& b);

// Makes keys. With an idempotency scope, the same scope gives the same key: a repeated request then
// has the same payload and the engine recognises it. The scope is keyed with `secret`, so who
// guesses it learns nothing. An empty secret is replaced by a random one: repeats are then
// recognised until the process ends.
class ApiKeySource {
 public:
  explicit ApiKeySource(std::string_view secret);

  ApiKey make() const;  // fresh random bits; aborts if the system has none
  ApiKey make_for(std::string_view idempotency_scope) const;

 private:
  std::array<uint8_t, 32> secret_{};
};

}  // namespace perpetua::gateway
