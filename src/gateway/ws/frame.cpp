#include "gateway/ws/frame.hpp"

namespace perpetua::gateway::ws {
namespace {

constexpr char kFin = static_cast<char>(0x80);
constexpr char kText = 0x1;
constexpr char kClose = 0x8;
constexpr char kPing = 0x9;

void append_header(std::string& out, char opcode, std::size_t size) {
  out.push_back(static_cast<char>(kFin | opcode));
  if (size < 126) {
    out.push_back(static_cast<char>(size));
    return;
  }
  const int length_bytes = size < 65'536 ? 2 : 8;
  out.push_back(static_cast<char>(length_bytes == 2 ? 126 : 127));
  for (int shift = 8 * (length_bytes - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(size >> shift & 0xFF));
  }
}

}  // namespace

Frame text_frame(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() + 10);
  append_header(bytes, kText, text.size());
  bytes.append(text);
  return std::make_shared<const std::string>(std::move(bytes));
}

Frame close_frame(CloseCode code, std::string_view reason) {
  reason = reason.substr(0, kCloseReasonBytesMax);
  std::string bytes;
  append_header(bytes, kClose, reason.size() + 2);
  bytes.push_back(static_cast<char>(static_cast<uint16_t>(code) >> 8));
  bytes.push_back(static_cast<char>(static_cast<uint16_t>(code) & 0xFF));
  bytes.append(reason);
  return std::make_shared<const std::string>(std::move(bytes));
}

Frame ping_frame() {
  static const Frame frame = [] {
    std::string bytes;
    append_header(bytes, kPing, 0);
    return std::make_shared<const std::string>(std::move(bytes));
  }();
  return frame;
}

std::string_view frame_payload(const std::string& frame) {
  const auto length = static_cast<unsigned char>(frame[1]);
  const std::size_t header = length < 126 ? 2 : length == 126 ? 4 : 10;
  return std::string_view(frame).substr(header);
}

}  // namespace perpetua::gateway::ws
