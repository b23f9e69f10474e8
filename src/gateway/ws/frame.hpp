// Frame: one outgoing WebSocket frame, header included, immutable and shared.
//
// What a server sends is not masked, so the bytes of a frame are the same for every socket: a
// message is serialised and framed once, and each socket's queue holds a pointer to it.
// Thread-safe: the bytes never change after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace perpetua::gateway::ws {

using Frame = std::shared_ptr<const std::string>;

// Close codes (RFC 6455 section 7.4 and, from 4000, our own); docs/websocket.md lists them.
enum class CloseCode : uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  unsupported_data = 1003,
  policy = 1008,
  too_big = 1009,
  internal_error = 1011,
  service_restart = 1012,
  slow_consumer = 4008,
  idle = 4009,
};

inline constexpr std::size_t kCloseReasonBytesMax = 123;  // RFC 6455: 125 with the code

Frame text_frame(std::string_view text);
Frame close_frame(CloseCode code, std::string_view reason);  // a longer reason is cut
Frame ping_frame();

// The payload of a frame made above, for tests and counters.
std::string_view frame_payload(const std::string& frame);

}  // namespace perpetua::gateway::ws
