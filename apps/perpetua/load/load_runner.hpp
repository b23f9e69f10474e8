// LoadRunner: one run, from the first connection to the last reply.
//
//   setup -> open transport -> measure (schedule or closed loop) -> drain -> done
//
// Open loop: request k goes out at its due time whatever happened to the ones before; its latency
// counts from there. Closed loop (rate 0): every window slot sends again as soon as it has its
// reply. The run ends by itself: duration, plus one time-out for replies still on their way.
// Thread-safety: one thread, the io_context's.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>

#include "load/http_connection.hpp"
#include "load/options.hpp"
#include "load/report.hpp"
#include "load/schedule.hpp"
#include "load/setup.hpp"
#include "load/transport.hpp"

namespace perpetua::load {

class LoadRunner final : public OrderTransport::Sink {
 public:
  LoadRunner(boost::asio::io_context& io, boost::asio::ip::tcp::endpoint server, std::string host,
             const LoadOptions& options, std::string run_name);
  ~LoadRunner() override;

  // Runs the io_context until the run is over. The message says why it could not start.
  std::optional<std::string> run();

  const LoadResult& result() const { return result_; }

  void on_done(const Request& request, std::span<const OrderReply> replies) override;

 private:
  enum class Phase { setting_up, opening, measuring, draining, done };

  void on_set_up(SetupResult set_up);
  void on_opened(uint32_t connected);
  void start_measuring();
  void send_due();
  void submit(uint32_t agent, int64_t intended_ns);
  void on_tick();
  void end_measuring();
  void finish();
  void show_progress(int64_t now_ns);
  void refresh_marks();

  boost::asio::io_context& io_;
  const boost::asio::ip::tcp::endpoint server_;
  const std::string host_;
  const LoadOptions options_;
  boost::asio::steady_timer due_timer_;
  boost::asio::steady_timer tick_timer_;
  Phase phase_ = Phase::setting_up;
  std::string failure_;

  Setup setup_;
  std::vector<LoadAgent> agents_;
  std::unique_ptr<Traffic> traffic_;
  std::unique_ptr<OrderTransport> transport_;
  HttpConnection prices_;  // keeps the marks fresh

  std::optional<Schedule> schedule_;  // none: closed loop
  uint64_t next_request_ = 0;
  uint64_t outstanding_ = 0;  // requests
  int64_t start_ns_ = 0;
  int64_t end_ns_ = 0;
  int64_t last_reply_ns_ = 0;
  int64_t shown_ns_ = 0;
  uint64_t shown_replies_ = 0;
  LoadResult result_;
  Histogram second_;  // latencies of the current second
};

}  // namespace perpetua::load
