#include <boost/asio/post.hpp>
#include <chrono>
#include <deque>
#include <utility>

#include "load/api.hpp"
#include "load/http_connection.hpp"
#include "load/source_address.hpp"
#include "load/transport.hpp"

namespace perpetua::load {

namespace {

// Keep-alive connections shared by all agents; a request waits for the first free one.
class HttpTransport final : public OrderTransport {
 public:
  explicit HttpTransport(const TransportContext& context) : context_(context) {
    for (uint32_t i = 0; i < context_.connections; ++i) {
      lanes_.push_back(
          std::make_unique<Lane>(context_.io, context_.server, source_address(context_.server, i)));
      free_.push_back(lanes_.back().get());
    }
  }

  void open(std::function<void(uint32_t)> done) override {
    boost::asio::post(context_.io, [this, done = std::move(done)] {
      done(static_cast<uint32_t>(context_.agents.size()));
    });
  }

  void submit(const Request& request) override {
    waiting_.push_back(request);
    pump();
  }

  void expire(int64_t sent_before_ns) override {
    for (const auto& lane : lanes_) {
      if (lane->connection.is_busy() && lane->sent_ns < sent_before_ns) lane->connection.abort();
    }
  }

  void give_up() override {
    while (!waiting_.empty()) {
      const Request request = waiting_.front();
      waiting_.pop_front();
      fail(request);
    }
    for (const auto& lane : lanes_) {
      if (lane->connection.is_busy()) lane->connection.abort();
    }
  }

  uint32_t window() const override { return context_.connections; }

 private:
  struct Lane {
    Lane(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& server,
         const boost::asio::ip::address& source)
        : connection(io, server, source) {}
    HttpConnection connection;
    Request request;
    int64_t sent_ns = 0;
  };

  void pump() {
    while (!waiting_.empty() && !free_.empty()) {
      Lane* lane = free_.back();
      free_.pop_back();
      lane->request = waiting_.front();
      waiting_.pop_front();
      send(*lane);
    }
  }

  void send(Lane& lane) {
    const uint32_t agent = lane.request.agent;
    context_.traffic.next(agent, action_);
    lane.sent_ns = monotonic_ns();
    lane.connection.request(http_text(order_call(action_, context_.traffic.markets()),
                                      context_.host, context_.agents[agent].api_key),
                            [this, &lane](HttpResponse response) { on_response(lane, response); });
  }

  void on_response(Lane& lane, const HttpResponse& response) {
    const Request request = lane.request;
    free_.push_back(&lane);
    if (response.is_complete) {
      context_.sink.on_done(request,
                            read_order_reply(response.status, response.body, context_.batch));
    } else {
      fail(request);
    }
    pump();
  }

  void fail(const Request& request) {
    context_.sink.on_done(request, std::vector<OrderReply>(context_.batch));
  }

  const TransportContext context_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<Lane*> free_;  // most recently used last: few requests use few connections
  std::deque<Request> waiting_;
  Action action_;
};

}  // namespace

std::unique_ptr<OrderTransport> make_http_transport(const TransportContext& context) {
  return std::make_unique<HttpTransport>(context);
}

int64_t monotonic_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace perpetua::load
