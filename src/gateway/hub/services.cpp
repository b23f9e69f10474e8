#include "gateway/hub/services.hpp"

#include <openssl/rand.h>

#include <cstdio>

#include "base/assert.hpp"

namespace perpetua::gateway::hub {

RequestIds::RequestIds() {
  uint64_t start = 0;
  const int filled = RAND_bytes(reinterpret_cast<unsigned char*>(&start), sizeof start);
  PERPETUA_ASSERT(filled == 1);
  last_.store(start, std::memory_order_relaxed);
}

std::string RequestIds::next() {
  const uint64_t number = last_.fetch_add(1, std::memory_order_relaxed);
  char text[24];
  const int size =
      std::snprintf(text, sizeof text, "req_%016llx", static_cast<unsigned long long>(number));
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace perpetua::gateway::hub
