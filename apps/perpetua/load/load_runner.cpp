#include "load/load_runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "load/api.hpp"
#include "load/source_address.hpp"

namespace perpetua::load {

namespace {

constexpr std::chrono::milliseconds kTick{100};
constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kP99 = 990'000;
constexpr uint32_t kSendBurstMax = 256;  // then replies get their turn

}  // namespace

LoadRunner::LoadRunner(boost::asio::io_context& io, boost::asio::ip::tcp::endpoint server,
                       std::string host, const LoadOptions& options, std::string run_name)
    : io_(io),
      server_(server),
      host_(host),
      options_(options),
      due_timer_(io),
      tick_timer_(io),
      setup_(io, server, host, options, std::move(run_name), {}),
      prices_(io, server, source_address(server, 0)) {
  result_.agents = options_.agents;
}

LoadRunner::~LoadRunner() = default;

std::optional<std::string> LoadRunner::run() {
  shown_ns_ = monotonic_ns();
  setup_.start([this](SetupResult set_up) { on_set_up(std::move(set_up)); });
  on_tick();
  io_.run();
  if (!failure_.empty()) return failure_;
  return std::nullopt;
}

void LoadRunner::on_set_up(SetupResult set_up) {
  for (const auto& [code, count] : set_up.refusals) {
    fmt::print(stderr, "{} agents left out: {}\n", count, code);
  }
  if (!set_up.error.empty()) {
    failure_ = set_up.error;
    return finish();
  }
  agents_ = std::move(set_up.agents);
  traffic_ =
      std::make_unique<Traffic>(std::move(set_up.markets), static_cast<uint32_t>(agents_.size()),
                                options_.batch, options_.seed);
  const TransportContext context{io_,       server_, host_,          agents_,
                                 *traffic_, *this,   options_.batch, connection_count(options_)};
  transport_ = options_.transport == TransportKind::ws ? make_ws_transport(context)
                                                       : make_http_transport(context);
  phase_ = Phase::opening;
  transport_->open([this](uint32_t connected) { on_opened(connected); });
}

void LoadRunner::on_opened(uint32_t connected) {
  result_.connected = connected;
  fmt::print(stderr, "{} of {} agents ready\n", connected, options_.agents);
  if (connected == 0) {
    failure_ = "no agent could connect";
    return finish();
  }
  start_measuring();
}

void LoadRunner::start_measuring() {
  phase_ = Phase::measuring;
  start_ns_ = monotonic_ns();
  shown_ns_ = start_ns_;
  const int64_t duration_ns = options_.duration_s * kSecondNs;
  end_ns_ = start_ns_ + duration_ns;
  const auto agents = static_cast<uint32_t>(agents_.size());
  if (options_.rate_per_s == 0) {
    const uint32_t window = transport_->window();
    for (uint32_t i = 0; i < window; ++i) submit(i % agents, monotonic_ns());
    next_request_ = window;
    return;
  }
  schedule_.emplace(int64_t{options_.rate_per_s} * 1'000 / options_.batch, duration_ns);
  send_due();
}

void LoadRunner::send_due() {
  if (phase_ != Phase::measuring) return;
  const auto agents = static_cast<uint64_t>(agents_.size());
  const int64_t elapsed_ns = monotonic_ns() - start_ns_;
  uint32_t burst = 0;
  while (next_request_ < schedule_->count() && schedule_->due_ns(next_request_) <= elapsed_ns &&
         burst++ < kSendBurstMax) {
    const uint64_t k = next_request_++;
    submit(static_cast<uint32_t>(k % agents), start_ns_ + schedule_->due_ns(k));
  }
  if (next_request_ == schedule_->count()) return end_measuring();
  const int64_t due_ns = start_ns_ + schedule_->due_ns(next_request_);
  due_timer_.expires_at(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(due_ns)));
  due_timer_.async_wait([this](boost::system::error_code error) {
    if (!error) send_due();
  });
}

void LoadRunner::submit(uint32_t agent, int64_t intended_ns) {
  ++outstanding_;
  result_.sent += options_.batch;
  transport_->submit({agent, intended_ns});
}

void LoadRunner::on_done(const Request& request, std::span<const OrderReply> replies) {
  PERPETUA_ASSERT(outstanding_ > 0 && replies.size() == options_.batch);
  --outstanding_;
  last_reply_ns_ = monotonic_ns();
  for (const OrderReply& reply : replies) {
    result_.ok += reply.verdict == Verdict::ok ? 1 : 0;
    result_.rejected += reply.verdict == Verdict::rejected ? 1 : 0;
    result_.errors += reply.verdict == Verdict::error ? 1 : 0;
    result_.latency.record(last_reply_ns_ - request.intended_ns);
    second_.record(last_reply_ns_ - request.intended_ns);
  }
  traffic_->on_replies(request.agent, replies);
  if (phase_ == Phase::measuring && !schedule_) {
    // Over WebSocket a slot is a connection, so its agent goes on; over HTTP any agent may.
    const bool same = options_.transport == TransportKind::ws;
    const auto next = static_cast<uint32_t>(next_request_++ % agents_.size());
    submit(same ? request.agent : next, last_reply_ns_);
  }
  if (phase_ == Phase::draining && outstanding_ == 0) finish();
}

void LoadRunner::on_tick() {
  if (phase_ == Phase::done) return;
  const int64_t now_ns = monotonic_ns();
  const int64_t timeout_ns = int64_t{options_.timeout_ms} * 1'000'000;
  if (phase_ == Phase::setting_up) setup_.tick(now_ns);
  if (transport_) transport_->expire(now_ns - timeout_ns);
  if (phase_ == Phase::measuring && now_ns >= end_ns_ && !schedule_) end_measuring();
  if (phase_ == Phase::draining && now_ns > end_ns_ + timeout_ns) {
    transport_->give_up();
    finish();
  }
  if (now_ns - shown_ns_ >= kSecondNs) show_progress(now_ns);
  if (phase_ == Phase::done) return;
  tick_timer_.expires_after(kTick);
  tick_timer_.async_wait([this](boost::system::error_code error) {
    if (!error) on_tick();
  });
}

void LoadRunner::end_measuring() {
  phase_ = Phase::draining;
  if (outstanding_ == 0) finish();
}

void LoadRunner::finish() {
  if (phase_ == Phase::done) return;
  if (start_ns_ != 0) {
    result_.elapsed_ns = std::max(last_reply_ns_, end_ns_) - start_ns_;
    PERPETUA_ASSERT(result_.sent == result_.ok + result_.rejected + result_.errors);
  }
  phase_ = Phase::done;
  io_.stop();
}

void LoadRunner::show_progress(int64_t now_ns) {
  if (phase_ == Phase::setting_up || phase_ == Phase::opening) {
    fmt::print(stderr, "setting up: {} of {} agents\n",
               phase_ == Phase::opening ? agents_.size() : setup_.agents_ready(), options_.agents);
  } else {
    const uint64_t replies = result_.ok + result_.rejected;
    const auto fresh = static_cast<int64_t>(replies - shown_replies_);
    fmt::print(stderr, "{:>4} s  sent {}  ok {}  rejected {}  errors {}  {} /s  p99 {} ms\n",
               (now_ns - start_ns_) / kSecondNs, result_.sent, result_.ok, result_.rejected,
               result_.errors, mul_div_floor(fresh, kSecondNs, now_ns - shown_ns_),
               milliseconds_text(second_.percentile_ns(kP99)));
    shown_replies_ = replies;
    second_.clear();
    refresh_marks();
  }
  shown_ns_ = now_ns;
}

void LoadRunner::refresh_marks() {
  if (prices_.is_busy()) return;
  prices_.request(http_text(markets_call(), host_, {}), [this](HttpResponse response) {
    const auto markets = read_markets(response.body);
    if (!response.is_complete || !markets) return;  // the old marks will do
    for (const TradedMarket& market : *markets) {
      traffic_->set_mark(market.symbol, market.mark_ticks);
    }
  });
}

}  // namespace perpetua::load
