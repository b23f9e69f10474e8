#include <algorithm>
#include <utility>

#include "load/api.hpp"
#include "load/source_address.hpp"
#include "load/transport.hpp"
#include "load/ws_connection.hpp"

namespace perpetua::load {

namespace {

constexpr uint32_t kOpeningMax = 128;  // connections being opened at once

// One connection per agent; several requests may be under way on each.
class WsTransport final : public OrderTransport {
 public:
  explicit WsTransport(const TransportContext& context)
      : context_(context), lanes_(context.agents.size()) {}

  void open(std::function<void(uint32_t)> done) override {
    opened_ = std::move(done);
    open_more();
  }

  void submit(const Request& request) override {
    Lane& lane = lanes_[request.agent];
    if (!lane.is_open) return unsent_.push_back(request);
    context_.traffic.next(request.agent, action_);
    const uint64_t id = ++last_id_;
    lane.pending.push_back({id, monotonic_ns(), request});
    lane.connection->send(ws_order_text(action_, context_.traffic.markets(), id));
  }

  void expire(int64_t sent_before_ns) override {
    fail_unsent();
    for (Lane& lane : lanes_) {
      while (!lane.pending.empty() && lane.pending.front().sent_ns < sent_before_ns) {
        fail_first(lane);
      }
    }
  }

  void give_up() override {
    fail_unsent();
    for (Lane& lane : lanes_) {
      while (!lane.pending.empty()) fail_first(lane);
    }
  }

  uint32_t window() const override { return static_cast<uint32_t>(lanes_.size()); }

 private:
  struct Pending {
    uint64_t id = 0;
    int64_t sent_ns = 0;
    Request request;
  };
  struct Lane {
    std::unique_ptr<WsConnection> connection;
    std::vector<Pending> pending;  // oldest first
    bool is_ready = false;         // connected and authenticated, or failed
    bool is_open = false;
  };

  void open_more() {
    while (next_ < lanes_.size() && opening_ < kOpeningMax) {
      const auto index = static_cast<uint32_t>(next_++);
      ++opening_;
      WsHandlers handlers;
      handlers.on_open = [this, index](bool is_open) { on_open(index, is_open); };
      handlers.on_message = [this, index](std::string_view text) { on_message(index, text); };
      handlers.on_closed = [this, index] { on_closed(index); };
      Lane& lane = lanes_[index];
      lane.connection = std::make_unique<WsConnection>(
          context_.io, context_.server, source_address(context_.server, index), handlers);
      lane.connection->open(context_.host, std::string(kWsPath));
    }
  }

  void on_open(uint32_t index, bool is_open) {
    if (!is_open) return on_ready(index, false);
    lanes_[index].connection->send(ws_auth_text(context_.agents[index].api_key));
  }

  void on_ready(uint32_t index, bool is_ready) {
    lanes_[index].is_ready = true;
    lanes_[index].is_open = is_ready;
    connected_ += is_ready ? 1 : 0;
    --opening_;
    open_more();
    if (opening_ == 0 && next_ == lanes_.size() && opened_) {
      std::exchange(opened_, nullptr)(connected_);
    }
  }

  void on_message(uint32_t index, std::string_view text) {
    const WsReply reply = read_ws_message(text, context_.batch);
    if (reply.id == kWsAuthId) return on_ready(index, reply.is_authenticated);
    std::vector<Pending>& pending = lanes_[index].pending;
    const auto found = std::find_if(pending.begin(), pending.end(),
                                    [&reply](const Pending& p) { return p.id == reply.id; });
    if (reply.id == 0 || found == pending.end()) return;
    const Request request = found->request;
    pending.erase(found);
    context_.sink.on_done(request, reply.orders);
  }

  void on_closed(uint32_t index) {
    Lane& lane = lanes_[index];
    if (!lane.is_ready) return on_ready(index, false);
    lane.is_open = false;
    while (!lane.pending.empty()) fail_first(lane);
  }

  void fail_first(Lane& lane) {
    const Request request = lane.pending.front().request;
    lane.pending.erase(lane.pending.begin());
    context_.sink.on_done(request, std::vector<OrderReply>(context_.batch));
  }

  void fail_unsent() {
    for (const Request& request : std::exchange(unsent_, {})) {
      context_.sink.on_done(request, std::vector<OrderReply>(context_.batch));
    }
  }

  const TransportContext context_;
  std::vector<Lane> lanes_;
  std::function<void(uint32_t)> opened_;
  std::size_t next_ = 0;
  uint32_t opening_ = 0;
  uint32_t connected_ = 0;
  uint64_t last_id_ = kWsAuthId;
  std::vector<Request> unsent_;  // their connection is gone; failed at the next expire()
  Action action_;
};

}  // namespace

std::unique_ptr<OrderTransport> make_ws_transport(const TransportContext& context) {
  return std::make_unique<WsTransport>(context);
}

}  // namespace perpetua::load
