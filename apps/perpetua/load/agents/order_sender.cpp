#include "load/agents/order_sender.hpp"

#include <utility>

#include "load/agents/json_scan.hpp"
#include "load/source_address.hpp"
#include "load/transport.hpp"

namespace perpetua::load {

namespace {

constexpr unsigned kAttemptsMax = 2;
constexpr unsigned kTooManyRequests = 429;

// A refusal for a reason of the market, whatever its status.
bool is_business_code(std::string_view code) { return code == "price_unavailable"; }

bool is_rest_in_book(std::string_view status) {
  return status == "open" || status == "partially_filled";
}

}  // namespace

struct OrderSender::Flight {
  Ticket ticket;
  std::string text;
  unsigned attempts = 0;
  unsigned under_way = 0;  // attempts without a reply
  bool is_repeat_due = false;
  bool is_ended = false;
};

struct OrderSender::Lane {
  Lane(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& server,
       const boost::asio::ip::address& source)
      : connection(io, server, source) {}
  HttpConnection connection;
  std::shared_ptr<Flight> flight;
  int64_t sent_ns = 0;
};

OrderSender::OrderSender(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& server,
                         const SenderOptions& options, Sink& sink)
    : io_(io), server_(server), options_(options), sink_(sink) {}

OrderSender::~OrderSender() = default;

void OrderSender::submit(const Ticket& ticket, std::string text) {
  auto flight = std::make_shared<Flight>();
  flight->ticket = ticket;
  flight->text = std::move(text);
  ++under_way_;
  waiting_.push_back(std::move(flight));
  pump();
}

OrderSender::Lane* OrderSender::free_lane() {
  if (!free_.empty()) {
    Lane* lane = free_.back();
    free_.pop_back();
    return lane;
  }
  if (lanes_.size() >= options_.connections) return nullptr;
  const auto index = static_cast<uint32_t>(lanes_.size());
  lanes_.push_back(std::make_unique<Lane>(io_, server_, source_address(server_, index)));
  return lanes_.back().get();
}

void OrderSender::pump() {
  while (!waiting_.empty()) {
    Lane* lane = free_lane();
    if (lane == nullptr) return;
    auto flight = std::move(waiting_.front());
    waiting_.pop_front();
    if (flight->is_ended) {  // the first attempt was answered meanwhile
      free_.push_back(lane);
      continue;
    }
    send(*lane, std::move(flight));
  }
}

void OrderSender::send(Lane& lane, std::shared_ptr<Flight> flight) {
  lane.sent_ns = monotonic_ns();
  ++flight->under_way;
  flight->is_repeat_due = false;
  if (++flight->attempts == 1) sink_.on_sent(flight->ticket, lane.sent_ns);
  lane.flight = std::move(flight);
  lane.connection.request(lane.flight->text,
                          [this, &lane](HttpResponse response) { on_response(lane, response); });
}

void OrderSender::on_response(Lane& lane, const HttpResponse& response) {
  const std::shared_ptr<Flight> flight = std::move(lane.flight);
  --flight->under_way;
  free_.push_back(&lane);
  const std::string_view body = response.body;
  std::string code(scan_field(body, R"("code":)"));
  if (flight->is_ended) {
    // The other attempt was told its outcome before.
  } else if (!response.is_complete) {
    on_no_outcome(flight, "connection");
  } else if (response.status >= 200 && response.status < 300) {
    RequestEnd ended;
    ended.order_id = scan_number(body, R"("order_id":)").value_or(0);
    ended.ending = ended.order_id != 0 ? Ending::done : Ending::failed;
    ended.is_open = is_rest_in_book(scan_field(body, R"("status":)"));
    if (ended.order_id == 0) ended.code = "no_order_in_reply";
    end(*flight, std::move(ended));
  } else if (is_business_code(code) ||
             (!code.empty() && response.status < 500 && response.status != kTooManyRequests)) {
    RequestEnd ended;
    ended.ending = Ending::refused;
    ended.code = std::move(code);
    end(*flight, std::move(ended));
  } else {
    if (code.empty()) code = "status_" + std::to_string(response.status);
    on_no_outcome(flight, std::move(code));
  }
  pump();
}

// The other attempt may still bring one.
void OrderSender::on_no_outcome(std::shared_ptr<Flight> flight, std::string code) {
  if (flight->under_way > 0 || flight->is_repeat_due) return;
  const int64_t at_ns = monotonic_ns() + options_.retry_pause_ns;
  if (!is_giving_up_ && flight->attempts < kAttemptsMax &&
      at_ns < flight->ticket.due_ns + options_.give_up_ns) {
    flight->is_repeat_due = true;
    return repeats_.push_back({at_ns, std::move(flight)});
  }
  fail(*flight, std::move(code));
}

void OrderSender::end(Flight& flight, RequestEnd ended) {
  flight.is_ended = true;
  ended.is_retried = flight.attempts > 1;
  ended.at_ns = monotonic_ns();
  --under_way_;
  sink_.on_ended(flight.ticket, ended);
}

void OrderSender::tick(int64_t now_ns) {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = *lanes_[i];
    if (!lane.connection.is_busy()) continue;
    Flight& flight = *lane.flight;
    if (now_ns > flight.ticket.due_ns + options_.give_up_ns) {
      if (!flight.is_ended) fail(flight, "timeout");
      lane.connection.abort();
    } else if (!flight.is_ended && !flight.is_repeat_due && flight.attempts < kAttemptsMax &&
               now_ns - lane.sent_ns > options_.retry_ns) {
      flight.is_repeat_due = true;
      waiting_.push_front(lane.flight);
    }
  }
  while (!repeats_.empty() && repeats_.front().at_ns <= now_ns) {
    waiting_.push_front(std::move(repeats_.front().flight));
    repeats_.pop_front();
  }
  while (!waiting_.empty() && now_ns > waiting_.front()->ticket.due_ns + options_.give_up_ns) {
    const auto flight = std::move(waiting_.front());
    waiting_.pop_front();
    if (!flight->is_ended) fail(*flight, "no_connection_free");
  }
  pump();
}

void OrderSender::fail(Flight& flight, std::string code) {
  RequestEnd ended;
  ended.code = std::move(code);
  end(flight, std::move(ended));
}

void OrderSender::give_up() {
  is_giving_up_ = true;
  for (Repeat& repeat : repeats_) waiting_.push_back(std::move(repeat.flight));
  repeats_.clear();
  for (const auto& lane : lanes_) {
    if (lane->flight && !lane->flight->is_ended) fail(*lane->flight, "given_up");
    if (lane->connection.is_busy()) lane->connection.abort();
  }
  while (!waiting_.empty()) {
    const auto flight = std::move(waiting_.front());
    waiting_.pop_front();
    if (!flight->is_ended) fail(*flight, "given_up");
  }
}

}  // namespace perpetua::load
