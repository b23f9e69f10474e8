// Mailbox: what the fan-out hands to one io thread.
//
// Any thread posts; the io thread takes everything at once. The wake-up runs only when the box
// turns non-empty, so a batch costs one per io thread. More than kMailboxDeliveriesMax waiting
// means the io thread is stuck: everything is dropped and the next take() says so (`is_lost`), so
// that the sockets can be given snapshots, or be closed where nothing may be missing. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "gateway/ws/channel.hpp"
#include "gateway/ws/frame.hpp"

namespace perpetua::gateway::ws {

inline constexpr std::size_t kMailboxDeliveriesMax = 1u << 17;

struct Delivery {
  Topic topic;
  uint64_t sequence = 0;  // book: of the market's deltas; private: agent_sequence; else 0
  Frame frame;            // null: the key `revoked_key_id` is no longer valid
  uint32_t revoked_key_id = 0;
};

class Mailbox {
 public:
  void post(std::span<const Delivery> deliveries);

  // Moves everything into `out` (cleared before); true if something was lost before it.
  [[nodiscard]] bool take(std::vector<Delivery>& out);

  // `wake` makes the io thread call take(). After detach() it is never called again.
  void attach(std::function<void()> wake);
  void detach();

 private:
  std::mutex mutex_;
  std::vector<Delivery> inbox_;
  std::function<void()> wake_;
  bool is_woken_ = false;
  bool is_lost_ = false;
};

}  // namespace perpetua::gateway::ws
