// Session: one WebSocket client, without the socket: who it is, what it subscribed, what it waits
// for. Connection (connection.cpp) adds the transport.
//
//   text in   -> on_text -> operations (operations.cpp, order_entry.cpp)
//   fan-out   -> offer   -> outbox -> flush -> start_write ... on_written
// Life: attach -> greet -> ... -> on_input_ended -> on_read_ended -> the last write ends -> dropped
// by its shard. close() sends a close frame and gives the peer kCloseGraceMs to end its side.
// Thread-safety: none; everything on the io thread of its shard.
// Invariants: one write at a time; after close() nothing but the close frame is queued; a session
// without an principal has no private subscription. A session that has said nothing yet gets the
// stream of plain sockets (plain_feed.hpp).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/auth/authenticator.hpp"
#include "gateway/ws/frame.hpp"
#include "gateway/ws/mailbox.hpp"
#include "gateway/ws/outbox.hpp"

namespace perpetua::gateway {
struct ApiError;
}  // namespace perpetua::gateway

namespace perpetua::gateway::ws {

class Session;
class Shard;
struct Snapshot;

inline constexpr std::size_t kMessageBytesMax = 64 * 1024;
inline constexpr std::size_t kSubscriptionsMax = 128;  // of one socket
inline constexpr uint32_t kRequestsInFlightMax = 256;  // of one socket
inline constexpr uint32_t kOperationsBurst = 100;      // subscribe, auth, ping: of one socket
inline constexpr uint32_t kOperationsPerSecond = 20;
inline constexpr uint32_t kControlFramesPerSecondMax = 20;
inline constexpr uint32_t kReadsPerMessageMax = 512;  // of the socket, until a message is whole
inline constexpr int64_t kCloseGraceMs = 3'000;
inline constexpr int64_t kPingAfterMs = 20'000;        // nothing received: we ask
inline constexpr int64_t kPingSpreadMs = 15'000;       // up to so much later: not all at once
inline constexpr int64_t kIdleCloseAfterMs = 60'000;   // nothing received: we close
inline constexpr int64_t kMessageDeadlineMs = 10'000;  // from a message's first byte to its last

struct Subscription {
  Session* session = nullptr;
  Topic topic;
  uint64_t after = 0;     // messages up to this sequence are not for this subscriber
  bool is_stale = false;  // deltas were shed; a snapshot comes once the outbox is empty
  uint32_t position = 0;  // in the shard's list of the topic
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(Shard& shard);
  virtual ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Transport to session, in this order.
  void attach();  // the shard now owns the session
  void greet();   // the handshake's answer is on its way
  // False: nothing was done; wait for the read barrier, then call again with has_waited.
  bool on_text(std::string_view text, bool has_waited = false);
  void on_control_frame();
  void on_raw_bytes(std::string bytes);
  void on_written(bool is_ok);
  void on_input_ended();  // no message will come any more; what is queued is still sent
  void on_read_ended();   // the peer has closed its side, or the connection is dead

  // Shard to session.
  void offer(Subscription& subscription, const Delivery& delivery);
  void flush();
  void on_key_revoked(uint32_t key_id);
  void on_events_lost();
  void sweep(int64_t now_ms, int64_t wall_ms);

  // Queues the close frame behind what waits already; a slow consumer's queue is dropped. `reason`
  // is cut to what a close frame holds.
  void close(CloseCode code, std::string_view reason);
  // The server drains (1012) or stops (1001): close once every waiting request is answered.
  void drain() { end_soon(CloseCode::service_restart); }
  void stop() { end_soon(CloseCode::going_away); }

  // Operations (operations.cpp, order_entry.cpp).
  // From now on the socket gets only what it asks for.
  void leave_plain_feed();
  void set_principal(const Principal& principal) { principal_ = principal; }
  const Principal& principal() const { return principal_; }  // agent 0: not authenticated
  // Whether all orders of the agent are cancelled when the socket, or its login, ends.
  void set_cancel_on_disconnect(bool is_wanted) { cancels_on_disconnect_ = is_wanted; }
  Shard& shard() { return shard_; }

  // Queues one message; an overflow closes the socket.
  void send(std::string_view json);
  void send(Frame frame, uint64_t agent_sequence);
  void send_error(std::optional<int64_t> id, const ApiError& error);

  Subscription* find_subscription(Topic topic);
  bool has_room_for(std::size_t subscriptions) const {
    return subscriptions_.size() + subscriptions <= kSubscriptionsMax;
  }
  // REQUIRES: room for it, not subscribed. `after` 0 for topics without a sequence.
  void add_subscription(Topic topic, uint64_t after);
  bool remove_subscription(Topic topic);
  void send_snapshot(const Snapshot& snapshot, Topic topic);

  bool take_operation();  // false: too many
  bool begin_request();   // false: kRequestsInFlightMax wait already
  void end_request();     // after its answer was sent

  uint32_t shard_position = 0;  // the shard's own
  bool is_dirty = false;        // the shard's own: to be flushed after this delivery round

 protected:
  // Writes all frames, then calls on_written. REQUIRES: the frames live until then.
  virtual void start_write(std::span<const Frame> frames) = 0;
  virtual void end_sending() = 0;              // everything was written: half-close
  virtual void abort() = 0;                    // ends the connection at once
  virtual bool is_inside_message() const = 0;  // a part of a message has arrived

 private:
  void drop_principal(std::string_view why);
  void end_soon(CloseCode code);
  void end_login();
  void unsubscribe(std::size_t index);
  void refresh_stale();
  void end_sending_if_done();
  void finish_if_done();
  void sweep_idle(int64_t now_ms);
  int64_t ping_after_ms() const;

  Shard& shard_;
  Principal principal_;
  Outbox outbox_;
  std::vector<std::unique_ptr<Subscription>> subscriptions_;
  std::vector<Topic> shed_;  // scratch of offer()

  uint32_t requests_in_flight_ = 0;
  uint32_t operations_left_ = kOperationsBurst;
  uint32_t control_frames_ = 0;        // since the last sweep
  int64_t received_at_ms_ = 0;         // coarse: the shard's time
  int64_t message_started_at_ms_ = 0;  // 0: not inside a message
  int64_t abort_at_ms_ = 0;            // once closing
  bool cancels_on_disconnect_ = false;
  bool is_pinged_ = false;
  std::optional<CloseCode> end_code_;  // it ends with that, soon
  bool is_closing_ = false;
  bool is_read_ended_ = false;
  bool has_stale_ = false;
};

}  // namespace perpetua::gateway::ws
