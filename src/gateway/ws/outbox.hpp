// Outbox: what one socket still has to be sent, bounded.
//
//   kept     replies, private messages, control frames: never dropped. More than kKeptMessagesMax
//            or kKeptBytesMax of them waiting: push() says overflow and the socket is closed.
//   shed     public market data: beyond kPublicMessagesMax or kPublicBytesMax all waiting public
//            frames are dropped at once, and the topics that lost some are reported as stale. Who
//            can be given a snapshot (book, ticker, candles) gets one once the outbox is empty.
// A frame that is being written (taken by gather) is never dropped.
// Thread-safety: none; one io thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gateway/ws/channel.hpp"
#include "gateway/ws/frame.hpp"

namespace perpetua::gateway::ws {

inline constexpr std::size_t kKeptMessagesMax = 4'096;
inline constexpr std::size_t kKeptBytesMax = 1u << 20;
inline constexpr std::size_t kPublicMessagesMax = 256;
inline constexpr std::size_t kPublicBytesMax = 256u << 10;
inline constexpr std::size_t kGatherFramesMax = 64;        // of one write
inline constexpr std::size_t kGatherBytesMax = 64u << 10;  // unless one frame alone is larger

class Outbox {
 public:
  enum class Push { queued, shed, overflow };

  // `agent_sequence` is that of a private message, else 0.
  Push push_kept(Frame frame, uint64_t agent_sequence);

  // On `shed` the topics of what was dropped, this frame's among them, were appended to `stale`.
  Push push_public(Frame frame, Topic topic, std::vector<Topic>& stale);

  // The frames of the next write, which stay here until written(). Valid until then.
  // REQUIRES: nothing is being written.
  std::span<const Frame> gather();
  void written();

  // Drops everything that is not being written: the socket is about to be closed.
  void clear();

  bool is_empty() const { return frames_.empty(); }
  bool is_writing() const { return writing_ > 0; }
  std::size_t size() const { return frames_.size(); }
  uint64_t last_written_sequence() const { return last_written_sequence_; }

 private:
  struct Info {
    Topic topic;
    uint64_t agent_sequence = 0;
    bool is_public = false;
  };

  void push(Frame frame, const Info& info);
  void account(std::size_t index, std::ptrdiff_t direction);
  void erase_front(std::size_t count);

  std::vector<Frame> frames_;
  std::vector<Info> infos_;  // parallel to frames_
  std::size_t writing_ = 0;  // frames at the front
  std::size_t public_messages_ = 0;
  std::size_t public_bytes_ = 0;
  std::size_t kept_messages_ = 0;
  std::size_t kept_bytes_ = 0;
  uint64_t last_written_sequence_ = 0;
};

}  // namespace perpetua::gateway::ws
