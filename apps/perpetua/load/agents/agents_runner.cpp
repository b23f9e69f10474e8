#include "load/agents/agents_runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

#include "load/agents/agent_file.hpp"
#include "load/agents/json_scan.hpp"
#include "load/api.hpp"
#include "load/report.hpp"
#include "load/source_address.hpp"

namespace perpetua::load {

namespace {

constexpr std::chrono::milliseconds kTick{20};
constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kP50 = 500'000;
constexpr int64_t kP99 = 990'000;
constexpr uint32_t kSendBurstMax = 256;       // then replies get their turn
constexpr int64_t kSettleNs = 2 * kSecondNs;  // for the last events to arrive
constexpr int64_t kTailsTimeoutNs = 60 * kSecondNs;
constexpr int64_t kOpenBaseNs = 60 * kSecondNs;
constexpr int64_t kOpenPerAgentNs = kSecondNs / 100;
constexpr int64_t kReadTimeoutNs = 5 * kSecondNs;
constexpr unsigned kSolvencyTriesMax = 20;
constexpr std::size_t kSentMarks = 1u << 17;
constexpr unsigned kNumberShift = 20;  // a million orders for each millisecond a run may begin in

int64_t wall_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

AgentsRunner::AgentsRunner(boost::asio::io_context& io,
                           const boost::asio::ip::tcp::endpoint& server, std::string host,
                           const AgentsOptions& options, std::string run_name)
    : io_(io),
      server_(server),
      host_(std::move(host)),
      options_(options),
      run_name_(std::move(run_name)),
      first_number_(static_cast<uint64_t>(wall_us() / 1'000) << kNumberShift),
      due_timer_(io),
      tick_timer_(io),
      signals_(io, SIGINT, SIGTERM),
      reads_(io, server, source_address(server, 0)),
      sent_(kSentMarks) {
  result_.agents = options_.load.agents;
}

AgentsRunner::~AgentsRunner() {
  if (acknowledged_file_ != nullptr) std::fclose(acknowledged_file_);
}

std::optional<std::string> AgentsRunner::run() {
  if (!options_.acknowledged_file.empty()) {
    acknowledged_file_ = std::fopen(options_.acknowledged_file.c_str(), "w");
    if (acknowledged_file_ == nullptr) return "cannot write `" + options_.acknowledged_file + "`";
  }
  enter(Phase::checking, monotonic_ns());
  shown_ns_ = phase_since_ns_;
  signals_.async_wait([this](boost::system::error_code error, int) {
    if (error) return;
    phase_ < Phase::measuring ? finish("ended by a signal before it measured") : end_measuring();
  });
  check_agents();
  on_tick();
  io_.run();
  if (!failure_.empty()) return failure_;
  return std::nullopt;
}

void AgentsRunner::enter(Phase phase, int64_t now_ns) {
  phase_ = phase;
  phase_since_ns_ = now_ns;
}

// The file may be of an exchange that is no more: its first agent tells.
void AgentsRunner::check_agents() {
  auto known = options_.agents_file.empty() ? std::vector<LoadAgent>()
                                            : read_agent_file(options_.agents_file);
  if (known.empty()) return set_up({});
  read_since_ns_ = monotonic_ns();
  const std::string key = known.front().api_key;
  reads_.request(http_text(account_call(), host_, key),
                 [this, known = std::move(known)](const HttpResponse& response) mutable {
                   if (response.status == 401) known.clear();
                   set_up(std::move(known));
                 });
}

void AgentsRunner::set_up(std::vector<LoadAgent> known) {
  enter(Phase::setting_up, monotonic_ns());
  setup_ = std::make_unique<Setup>(io_, server_, host_, options_.load, run_name_,
                                   Setup::Plan{std::move(known), true});
  setup_->start([this](SetupResult set_up) { on_set_up(std::move(set_up)); });
}

void AgentsRunner::on_set_up(SetupResult set_up) {
  for (const auto& [code, count] : set_up.refusals) {
    fmt::print(stderr, "{} agents left out: {}\n", count, code);
  }
  if (set_up.unknown_keys > 0) {
    fmt::print(stderr, "{} replies did not know a fresh key\n", set_up.unknown_keys);
  }
  if (!set_up.error.empty()) return finish(set_up.error);
  agents_ = std::move(set_up.agents);
  if (!options_.agents_file.empty()) {
    if (read_agent_file(options_.agents_file).size() < agents_.size()) {
      if (auto wrong = write_agent_file(options_.agents_file, agents_)) return finish(*wrong);
    }
  }
  const auto count = static_cast<uint32_t>(agents_.size());
  result_.ready = count;
  traffic_ = std::make_unique<Traffic>(std::move(set_up.markets), count, 1, options_.load.seed,
                                       first_number_);
  for (uint32_t i = 0; i < count; ++i) traffic_->set_market(i, agents_[i].market);
  placed_.resize(count);
  const SenderOptions sender{order_connections(options_), options_.retry_ms * 1'000'000ll,
                             options_.retry_pause_ms * 1'000'000ll,
                             options_.load.timeout_ms * 1'000'000ll};
  sender_ = std::make_unique<OrderSender>(io_, server_, sender, *this);
  fleet_ = std::make_unique<SocketFleet>(io_, server_, host_, agents_, options_.market_data, *this);
  fmt::print(stderr, "{} of {} agents ready\n", count, options_.load.agents);
  enter(Phase::opening, monotonic_ns());
  fleet_->open();
}

void AgentsRunner::start_measuring(int64_t now_ns) {
  enter(Phase::measuring, now_ns);
  start_ns_ = now_ns;
  shown_ns_ = now_ns;
  acknowledged_ns_ = now_ns;
  result_.start_ms = wall_us() / 1'000;
  fmt::print(stderr, "measuring from {}\n", result_.start_ms);
  const int64_t duration_ns = options_.load.duration_s * kSecondNs;
  result_.seconds.resize(options_.load.duration_s);
  schedule_.emplace(int64_t{options_.load.rate_per_s} * 1'000, duration_ns);
  send_due();
}

void AgentsRunner::send_due() {
  if (phase_ != Phase::measuring) return;
  const int64_t elapsed_ns = monotonic_ns() - start_ns_;
  uint32_t burst = 0;
  while (next_request_ < schedule_->count() && schedule_->due_ns(next_request_) <= elapsed_ns &&
         burst++ < kSendBurstMax) {
    submit(next_request_++);
  }
  if (next_request_ == schedule_->count()) return end_measuring();
  const int64_t due_ns = start_ns_ + schedule_->due_ns(next_request_);
  due_timer_.expires_at(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(due_ns)));
  due_timer_.async_wait([this](boost::system::error_code error) {
    if (!error) send_due();
  });
}

void AgentsRunner::end_measuring() {
  if (phase_ != Phase::measuring) return;
  const int64_t now_ns = monotonic_ns();
  const int64_t begun = (now_ns - start_ns_ + kSecondNs - 1) / kSecondNs;
  const auto seconds = std::min(result_.seconds.size(), static_cast<std::size_t>(begun));
  result_.seconds.resize(std::max<std::size_t>(1, seconds));
  enter(Phase::draining, now_ns);
}

void AgentsRunner::submit(uint64_t k) {
  Ticket ticket;
  ticket.agent = static_cast<uint32_t>(k % agents_.size());
  ticket.due_ns = start_ns_ + schedule_->due_ns(k);
  traffic_->next(ticket.agent, action_);
  ticket.is_cancel = !action_.cancels.empty();
  std::string key(kClientIdPrefix);
  if (ticket.is_cancel) {
    ticket.number = action_.cancels.front();
    key.append("cancel-").append(std::to_string(ticket.number));
    ++result_.cancels;
  } else {
    ticket.number = action_.orders.front().number;
    key.append(std::to_string(ticket.number));
    placed_[ticket.agent].push_back({ticket.number});
    ++result_.orders;
  }
  ++row_of(ticket.due_ns).due;
  sender_->submit(ticket, http_text(order_call(action_, traffic_->markets()), host_,
                                    agents_[ticket.agent].api_key, key));
}

SecondRow& AgentsRunner::row_of(int64_t due_ns) {
  const auto second =
      static_cast<std::size_t>(std::max<int64_t>(0, due_ns - start_ns_) / kSecondNs);
  return result_.seconds[std::min(second, result_.seconds.size() - 1)];
}

// Newest first: what is looked for was sent a moment ago.
PlacedOrder* AgentsRunner::placed_order(const Ticket& ticket) {
  auto& orders = placed_[ticket.agent];
  for (auto order = orders.rbegin(); order != orders.rend(); ++order) {
    const uint64_t name = ticket.is_cancel ? order->order_id : order->number;
    if (name == ticket.number) return &*order;
  }
  return nullptr;
}

void AgentsRunner::on_sent(const Ticket& ticket, int64_t now_ns) {
  if (ticket.is_cancel) return;
  sent_[ticket.number % kSentMarks] = {ticket.number, now_ns};
}

void AgentsRunner::on_ended(const Ticket& ticket, const RequestEnd& end) {
  result_.count(ticket, end, row_of(ticket.due_ns));
  second_.record(end.at_ns - ticket.due_ns);
  PlacedOrder* order = placed_order(ticket);
  if (order != nullptr && !ticket.is_cancel) {
    order->ending = end.ending;
    order->order_id = end.order_id;
  } else if (order != nullptr && end.ending == Ending::done) {
    order->is_cancelled = true;
  }
  if (end.ending != Ending::done) return;
  result_.longest_pause_ns = std::max(result_.longest_pause_ns, end.at_ns - acknowledged_ns_);
  acknowledged_ns_ = end.at_ns;
  if (acknowledged_file_ != nullptr) fmt::print(acknowledged_file_, "{}\n", wall_us());
  if (!ticket.is_cancel) {
    const OrderReply reply{Verdict::ok, end.order_id, end.is_open};
    traffic_->on_replies(ticket.agent, {&reply, 1});
  }
}

void AgentsRunner::on_accepted(uint64_t order_number) {
  const SentMark& mark = sent_[order_number % kSentMarks];
  if (mark.number != order_number) return;
  const int64_t took_ns = monotonic_ns() - mark.sent_ns;
  result_.event.record(took_ns);
  second_event_.record(took_ns);
}

void AgentsRunner::on_order_closed(uint32_t agent, uint64_t order_id) {
  traffic_->on_closed(agent, order_id);
}

void AgentsRunner::on_delay(bool is_private, int64_t delay_ns) {
  if (phase_ != Phase::measuring && phase_ != Phase::draining) return;
  (is_private ? result_.fanout : result_.public_fanout).record(delay_ns);
  if (is_private) second_fanout_.record(delay_ns);
}

void AgentsRunner::on_tick() {
  if (phase_ == Phase::done) return;
  const int64_t now_ns = monotonic_ns();
  if (phase_ == Phase::setting_up) setup_->tick(now_ns);
  if (fleet_) fleet_->tick(now_ns);
  if (sender_) sender_->tick(now_ns);
  if (audit_) audit_->tick(now_ns);
  if (reads_.is_busy() && now_ns - read_since_ns_ > kReadTimeoutNs) reads_.abort();
  if (phase_ != Phase::done) advance(now_ns);
  if (now_ns - shown_ns_ >= kSecondNs) end_second(now_ns);
  if (phase_ == Phase::done) return;
  tick_timer_.expires_after(kTick);
  tick_timer_.async_wait([this](boost::system::error_code error) {
    if (!error) on_tick();
  });
}

void AgentsRunner::advance(int64_t now_ns) {
  const int64_t in_phase_ns = now_ns - phase_since_ns_;
  if (phase_ == Phase::opening) {
    if (fleet_->is_open()) return start_measuring(now_ns);
    if (in_phase_ns > kOpenBaseNs + options_.load.agents * kOpenPerAgentNs) {
      finish(fmt::format("only {} of {} sockets could be opened", fleet_->counts().live,
                         agents_.size()));
    }
  } else if (phase_ == Phase::draining) {
    if (in_phase_ns > options_.load.timeout_ms * 1'000'000ll) sender_->give_up();
    if (sender_->under_way() > 0) return;
    result_.elapsed_ns = now_ns - start_ns_;
    end_second(now_ns);
    enter(Phase::settling, now_ns);
  } else if (phase_ == Phase::settling) {
    if (in_phase_ns < kSettleNs) return;
    fleet_->check_tails();
    enter(Phase::checking_tails, now_ns);
  } else if (phase_ == Phase::checking_tails) {
    if (!fleet_->are_tails_checked() && in_phase_ns < kTailsTimeoutNs) return;
    if (!options_.has_audit) return finish({});
    audit_ = std::make_unique<OrderAudit>(io_, server_, host_, agents_, placed_, first_number_);
    enter(Phase::auditing, now_ns);
    audit_->start();
  } else if (phase_ == Phase::auditing) {
    if (!audit_->is_done()) return;
    result_.is_audited = true;
    result_.audit = audit_->counts();
    enter(Phase::closing, now_ns);
  } else if (phase_ == Phase::closing) {
    read_solvency();
  }
}

void AgentsRunner::read_solvency() {
  if (reads_.is_busy()) return;
  if (!result_.solvency.empty() || ++solvency_tries_ > kSolvencyTriesMax) return finish({});
  read_since_ns_ = monotonic_ns();
  reads_.request(http_text(solvency_call(), host_, {}), [this](const HttpResponse& response) {
    result_.solvency = scan_field(response.body, R"("verdict":)");
  });
}

void AgentsRunner::end_second(int64_t now_ns) {
  if (phase_ < Phase::measuring) {
    fmt::print(stderr, "setting up: {} agents, {} sockets\n",
               setup_ && agents_.empty() ? setup_->agents_ready() : agents_.size(),
               fleet_ ? fleet_->counts().live : 0);
    shown_ns_ = now_ns;
    return;
  }
  if (phase_ > Phase::draining) {
    shown_ns_ = now_ns;
    return;
  }
  const FleetCounts& sockets = fleet_->counts();
  SecondRow& row = row_of(now_ns - kSecondNs);
  // The last row has what comes after it, too.
  row.p50_ns = std::max(row.p50_ns, second_.percentile_ns(kP50));
  row.p99_ns = std::max(row.p99_ns, second_.percentile_ns(kP99));
  row.max_ns = std::max(row.max_ns, second_.max_ns());
  row.fanout_p99_ns = std::max(row.fanout_p99_ns, second_fanout_.percentile_ns(kP99));
  row.event_p99_ns = std::max(row.event_p99_ns, second_event_.percentile_ns(kP99));
  row.live = sockets.live;
  row.private_events += sockets.private_events - shown_sockets_.private_events;
  row.public_messages += sockets.public_messages - shown_sockets_.public_messages;
  row.reconnects += sockets.reconnects - shown_sockets_.reconnects;
  row.gaps += sockets.gaps + sockets.repeats - shown_sockets_.gaps - shown_sockets_.repeats;
  shown_sockets_ = sockets;
  fmt::print(stderr,
             "{:>4} s  in time {}  late {}  failed {}  refused {}  under way {}  p99 {} ms  "
             "fan-out p99 {} ms  sockets {}  reconnects {}  gaps {}\n",
             (now_ns - start_ns_) / kSecondNs, result_.in_time, result_.late, result_.failed,
             result_.refused, sender_->under_way(), milliseconds_text(row.p99_ns),
             milliseconds_text(row.fanout_p99_ns), sockets.live, sockets.reconnects,
             sockets.gaps + sockets.repeats);
  second_.clear();
  second_fanout_.clear();
  second_event_.clear();
  shown_ns_ += kSecondNs;
  refresh_marks();
}

void AgentsRunner::refresh_marks() {
  if (reads_.is_busy()) return;
  read_since_ns_ = monotonic_ns();
  reads_.request(http_text(markets_call(), host_, {}), [this](const HttpResponse& response) {
    const auto markets = read_markets(response.body);
    if (!response.is_complete || !markets) return;  // the old marks will do
    for (const TradedMarket& market : *markets) {
      traffic_->set_mark(market.symbol, market.mark_ticks);
    }
  });
}

void AgentsRunner::finish(std::string failure) {
  if (phase_ == Phase::done) return;
  failure_ = std::move(failure);
  if (fleet_) result_.sockets = fleet_->counts();
  phase_ = Phase::done;
  io_.stop();
}

}  // namespace perpetua::load
