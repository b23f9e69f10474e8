// Helpers of the client's tests.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "stores/redis/client.hpp"
#include "stores/redis/test_server.hpp"

namespace perpetua::redis {

inline constexpr auto kTestTimeout = std::chrono::seconds(60);

// False if it does not come true within kTestTimeout.
inline bool comes_true(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kTestTimeout;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    poll(nullptr, 0, 2);
  }
  return true;
}

inline CallOptions patient() {
  CallOptions options;
  options.timeout_ms = 60'000;
  return options;
}

inline Reply one(Client& client, Request request, const CallOptions& options = patient()) {
  return client.call(std::move(request), options).front();
}

inline Reply set(Client& client, std::string_view key, std::string_view value,
                 const CallOptions& options = patient()) {
  return one(client, Request(key, {"SET", key, value}), options);
}

inline Reply get(Client& client, std::string_view key) {
  return one(client, Request(key, {"GET", key}));
}

struct StartedClient : Client {
  explicit StartedClient(Options options, std::function<void(const Notice&)> on_notice = {})
      : Client(std::move(options)) {
    std::string error;
    EXPECT_TRUE(start(error, std::move(on_notice))) << error;
  }
};

}  // namespace perpetua::redis
