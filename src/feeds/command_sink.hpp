// CommandSink: the feeds' only way into the exchange. The application adapts it to the runtime, so
// house agents and price sources use the same path as everybody else.
//
// `token` comes back with the outcome of exactly this command (FeedRunner::on_outcome). Called from
// the runner's thread only; must not block. Text is what the command carries (wallet, name), its
// span in the header is filled in on the way.
#pragma once

#include <cstdint>
#include <string>

#include "engine/schema/command.hpp"

namespace perpetua::feeds {

class CommandSink {
 public:
  virtual ~CommandSink() = default;

  // False: the exchange is at capacity, nothing was sequenced and no outcome will follow.
  [[nodiscard]] virtual bool send(const Command& command, std::string text, uint64_t token) = 0;
};

}  // namespace perpetua::feeds
