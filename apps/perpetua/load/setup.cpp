#include "load/setup.hpp"

#include <algorithm>
#include <utility>

#include "load/api.hpp"
#include "load/source_address.hpp"

namespace perpetua::load {

namespace {

constexpr uint32_t kWorkers = 32;
constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kRetryNs = kSecondNs / 5;
constexpr unsigned kUnknownKeyTries = 10;
constexpr unsigned kUnauthorized = 401;
constexpr int64_t kDeadlineBaseNs = 60 * kSecondNs;
constexpr int64_t kDeadlinePerAgentNs = kSecondNs / 50;

}  // namespace

struct Setup::Worker {
  Worker(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& server,
         const boost::asio::ip::address& source)
      : connection(io, server, source) {}

  HttpConnection connection;
  uint32_t agent = 0;
  LoadAgent account;
  uint32_t step = 0;  // 0 register, 1 fund, 2.. netting of market step - 2
  unsigned unknown_tries = 0;
  int64_t sent_ns = 0;
  int64_t retry_at_ns = 0;  // 0: not waiting
  bool is_working = false;
};

Setup::Setup(boost::asio::io_context& io, boost::asio::ip::tcp::endpoint server, std::string host,
             const LoadOptions& options, std::string run_name, Plan plan)
    : io_(io),
      server_(std::move(server)),
      host_(std::move(host)),
      options_(options),
      run_name_(std::move(run_name)),
      is_one_market_each_(plan.is_one_market_each) {
  result_.agents = std::move(plan.known);
  if (result_.agents.size() > options_.agents) result_.agents.resize(options_.agents);
  next_agent_ = static_cast<uint32_t>(result_.agents.size());
}

Setup::~Setup() = default;

void Setup::start(std::function<void(SetupResult)> done) {
  done_ = std::move(done);
  deadline_ns_ = monotonic_ns() + kDeadlineBaseNs + options_.agents * kDeadlinePerAgentNs;
  const uint32_t count = std::min(options_.agents, kWorkers);
  for (uint32_t i = 0; i < count; ++i) {
    workers_.push_back(std::make_unique<Worker>(io_, server_, source_address(server_, i)));
  }
  ask_markets();
}

void Setup::tick(int64_t now_ns) {
  if (!done_) return;
  if (now_ns > deadline_ns_) {
    return finish(result_.agents.empty() ? "no agent was ready before the deadline" : "");
  }
  const int64_t timeout_ns = int64_t{options_.timeout_ms} * 1'000'000;
  for (const auto& worker : workers_) {
    if (worker->connection.is_busy() && now_ns - worker->sent_ns > timeout_ns) {
      worker->connection.abort();
    } else if (worker->retry_at_ns != 0 && now_ns >= worker->retry_at_ns) {
      worker->retry_at_ns = 0;
      worker->is_working ? send_step(*worker) : ask_markets();
    }
    if (!done_) return;
  }
}

void Setup::ask_markets() {
  Worker& worker = *workers_.front();
  worker.sent_ns = monotonic_ns();
  worker.connection.request(http_text(markets_call(), host_, {}),
                            [this](HttpResponse response) { on_markets(response); });
}

void Setup::on_markets(const HttpResponse& response) {
  if (!done_) return;
  auto markets = read_markets(response.body);
  if (!response.is_complete || response.status != 200 || !markets) {
    const std::string what = response.is_complete ? "status " + std::to_string(response.status)
                                                  : std::string("no connection");
    return finish("cannot read the markets of " + options_.url + ": " + what);
  }
  if (!options_.markets.empty()) {
    std::erase_if(*markets, [this](const TradedMarket& market) {
      return std::find(options_.markets.begin(), options_.markets.end(), market.symbol) ==
             options_.markets.end();
    });
  }
  if (markets->empty() || markets->size() < options_.markets.size()) {
    workers_.front()->retry_at_ns = monotonic_ns() + kRetryNs;  // prices are still to come
    return;
  }
  result_.markets = std::move(*markets);
  for (const auto& worker : workers_) start_next(*worker);
}

std::size_t Setup::step_count() const {
  return 2 + (is_one_market_each_ ? 1 : result_.markets.size());
}

void Setup::start_next(Worker& worker) {
  worker.is_working = next_agent_ < options_.agents;
  if (worker.is_working) {
    ++working_;
    worker.agent = next_agent_++;
    worker.account = {};
    worker.step = 0;
    worker.unknown_tries = 0;
    send_step(worker);
  } else if (working_ == 0) {
    finish(result_.agents.empty() ? "no agent could be set up" : "");
  }
}

void Setup::send_step(Worker& worker) {
  const std::string number = std::to_string(worker.agent + 1);
  HttpCall call;
  std::string_view key = worker.account.api_key;
  if (worker.step == 0) {
    call = register_call("load-" + run_name_ + "-" + number, "Load agent " + number);
  } else if (worker.step == 1) {
    const bool by_operator = !options_.operator_key.empty();
    call = fund_call(options_.fund_usdc, by_operator, worker.account.agent_id);
    if (by_operator) key = options_.operator_key;
  } else {
    const std::string& symbol = result_.markets[worker.step - 2].symbol;
    call = netting_call(is_one_market_each_ ? worker.account.market : symbol);
  }
  worker.sent_ns = monotonic_ns();
  worker.connection.request(http_text(call, host_, key),
                            [this, &worker](HttpResponse response) { on_step(worker, response); });
}

void Setup::on_step(Worker& worker, const HttpResponse& response) {
  if (!done_) return;
  const bool is_unknown_key = worker.step > 0 && response.status == kUnauthorized &&
                              ++worker.unknown_tries < kUnknownKeyTries;
  result_.unknown_keys += is_unknown_key ? 1 : 0;
  const bool passes = !response.is_complete || response.status == 429 || response.status == 503;
  if (passes || is_unknown_key) {
    const int64_t wait_ns = std::max(kRetryNs, response.retry_after_s * kSecondNs);
    worker.retry_at_ns = monotonic_ns() + wait_ns;
    return;
  }
  if (response.status < 200 || response.status > 299) {
    const std::string code = read_code(response.body);
    return leave_out(worker, code.empty() ? "status " + std::to_string(response.status) : code);
  }
  if (worker.step == 0) {
    const auto registration = read_registration(response.body);
    if (!registration) return leave_out(worker, "registration without a key");
    worker.account = {registration->agent_id, registration->api_key, {}};
    if (is_one_market_each_) {
      worker.account.market = result_.markets[worker.agent % result_.markets.size()].symbol;
    }
  }
  if (++worker.step < step_count()) return send_step(worker);
  result_.agents.push_back(std::move(worker.account));
  --working_;
  start_next(worker);
}

void Setup::leave_out(Worker& worker, const std::string& code) {
  ++result_.refusals[code];
  --working_;
  start_next(worker);
}

void Setup::finish(std::string error) {
  if (!done_) return;
  result_.error = std::move(error);
  const auto done = std::exchange(done_, nullptr);
  done(std::move(result_));
}

}  // namespace perpetua::load
