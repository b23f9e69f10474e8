// AgentsRunner: one run of `perpetua load agents`, from the first connection to the audit.
//
//   check the file's agents -> setup -> open sockets -> measure -> drain -> settle -> check tails
//   -> audit orders -> solvency -> done
//
// Requests are due by the clock, in turn of the agents, whatever happened to those before. The run
// ends by itself; SIGINT or SIGTERM while it measures end that, and the rest follows.
// Thread-safety: one thread, the io_context's.
#pragma once

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "load/agents/agents_options.hpp"
#include "load/agents/agents_result.hpp"
#include "load/schedule.hpp"
#include "load/setup.hpp"

namespace perpetua::load {

class AgentsRunner final : public OrderSender::Sink, public SocketFleet::Sink {
 public:
  AgentsRunner(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& server,
               std::string host, const AgentsOptions& options, std::string run_name);
  ~AgentsRunner() override;

  // Runs the io_context until the run is over. The message says why it could not start.
  std::optional<std::string> run();

  const AgentsResult& result() const { return result_; }

  void on_sent(const Ticket& ticket, int64_t now_ns) override;
  void on_ended(const Ticket& ticket, const RequestEnd& end) override;
  void on_accepted(uint64_t order_number) override;
  void on_order_closed(uint32_t agent, uint64_t order_id) override;
  void on_delay(bool is_private, int64_t delay_ns) override;

 private:
  enum class Phase : uint8_t {
    checking,
    setting_up,
    opening,
    measuring,
    draining,
    settling,
    checking_tails,
    auditing,
    closing,
    done
  };
  struct SentMark {
    uint64_t number = 0;
    int64_t sent_ns = 0;
  };

  void check_agents();
  void set_up(std::vector<LoadAgent> known);
  void on_set_up(SetupResult set_up);
  void start_measuring(int64_t now_ns);
  void send_due();
  void end_measuring();
  void submit(uint64_t k);
  void on_tick();
  void advance(int64_t now_ns);
  void end_second(int64_t now_ns);
  void refresh_marks();
  void read_solvency();
  void finish(std::string failure);
  void enter(Phase phase, int64_t now_ns);
  SecondRow& row_of(int64_t due_ns);
  PlacedOrder* placed_order(const Ticket& ticket);

  boost::asio::io_context& io_;
  const boost::asio::ip::tcp::endpoint server_;
  const std::string host_;
  const AgentsOptions options_;
  const std::string run_name_;
  const uint64_t first_number_;
  boost::asio::steady_timer due_timer_;
  boost::asio::steady_timer tick_timer_;
  boost::asio::signal_set signals_;
  Phase phase_ = Phase::checking;
  int64_t phase_since_ns_ = 0;
  std::string failure_;

  std::unique_ptr<Setup> setup_;
  std::vector<LoadAgent> agents_;
  std::unique_ptr<Traffic> traffic_;
  std::unique_ptr<SocketFleet> fleet_;
  std::unique_ptr<OrderSender> sender_;
  std::unique_ptr<OrderAudit> audit_;
  HttpConnection reads_;  // marks, solvency
  int64_t read_since_ns_ = 0;
  unsigned solvency_tries_ = 0;

  std::optional<Schedule> schedule_;
  uint64_t next_request_ = 0;
  Action action_;
  int64_t start_ns_ = 0;
  int64_t acknowledged_ns_ = 0;  // the last one
  int64_t shown_ns_ = 0;
  std::vector<std::vector<PlacedOrder>> placed_;  // by agent
  std::vector<SentMark> sent_;                    // ring by order number
  FleetCounts shown_sockets_;
  AgentsResult result_;
  Histogram second_, second_fanout_, second_event_;
  std::FILE* acknowledged_file_ = nullptr;
};

}  // namespace perpetua::load
