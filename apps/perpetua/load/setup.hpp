// Setup: brings the simulated agents into being over HTTP, several at a time.
//
// Reads the markets (waiting until they have prices), then registers, funds and configures each
// agent. Refusals that pass (429, 503) and broken connections are retried until the deadline, a key
// that another process of the exchange does not know yet a few times; an agent that fails for
// another reason is left out and its code is reported. One thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "load/http_connection.hpp"
#include "load/options.hpp"
#include "load/transport.hpp"

namespace perpetua::load {

struct SetupResult {
  std::string error;  // empty: there is at least one agent and one market
  std::vector<LoadAgent> agents;
  std::vector<TradedMarket> markets;
  std::map<std::string, uint32_t> refusals;  // code -> agents left out
  uint32_t unknown_keys = 0;                 // replies that did not know a fresh key
};

class Setup {
 public:
  // `known` agents exist already and are taken as they are; the others are registered. With
  // `is_one_market_each` an agent trades one market, in turn, and only that one is configured.
  struct Plan {
    std::vector<LoadAgent> known;
    bool is_one_market_each = false;
  };

  // `run_name` makes wallets unique: "load-<run_name>-<i>".
  Setup(boost::asio::io_context& io, boost::asio::ip::tcp::endpoint server, std::string host,
        const LoadOptions& options, std::string run_name, Plan plan);
  ~Setup();

  // `done` is called exactly once, at the latest shortly after the deadline.
  void start(std::function<void(SetupResult)> done);

  // Drives time-outs and retries; call it every 100 ms or so until done.
  void tick(int64_t now_ns);

  uint32_t agents_ready() const { return static_cast<uint32_t>(result_.agents.size()); }

 private:
  struct Worker;

  void ask_markets();
  void on_markets(const HttpResponse& response);
  std::size_t step_count() const;
  void start_next(Worker& worker);
  void send_step(Worker& worker);
  void on_step(Worker& worker, const HttpResponse& response);
  void leave_out(Worker& worker, const std::string& code);
  void finish(std::string error);

  boost::asio::io_context& io_;
  const boost::asio::ip::tcp::endpoint server_;
  const std::string host_;
  const LoadOptions options_;
  const std::string run_name_;
  const bool is_one_market_each_;
  std::function<void(SetupResult)> done_;
  SetupResult result_;
  std::vector<std::unique_ptr<Worker>> workers_;
  uint32_t next_agent_ = 0;
  uint32_t working_ = 0;
  int64_t deadline_ns_ = 0;
};

}  // namespace perpetua::load
