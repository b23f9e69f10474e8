// OrderAudit: after a run, every order that was sent is looked up in its agent's order history.
//
// Acknowledged orders must be there exactly once, under the id that was told; refused ones must not
// be there; one without an outcome may be there once. An acknowledged cancel must have taken its
// order out of the book. An agent whose history does not agree is read again, because a history is
// written behind the journal. One thread, the io_context's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "load/agents/order_sender.hpp"
#include "load/transport.hpp"

namespace perpetua::load {

struct PlacedOrder {
  uint64_t number = 0;
  uint64_t order_id = 0;  // 0: not acknowledged
  Ending ending = Ending::failed;
  bool is_cancelled = false;  // its cancel was acknowledged
};

struct HistoryRow {
  uint64_t number = 0;
  uint64_t order_id = 0;
  bool is_open = false;
};

struct AuditCounts {
  uint64_t acknowledged = 0;
  uint64_t lost = 0;
  uint64_t doubled = 0;
  uint64_t contradicted = 0;  // another id than told, or refused and there
  uint64_t cancels_lost = 0;
  uint32_t unread = 0;  // agents whose history could not be read
  std::vector<std::string> examples;

  bool is_right() const;
  void add(const AuditCounts& other);  // keeps kExamplesMax examples
};

inline constexpr std::size_t kExamplesMax = 10;

// The rows of one page that are of this run. True: there are older pages of this run, from
// `cursor`.
bool read_history_page(std::string_view body, uint64_t first_number, std::vector<HistoryRow>& rows,
                       std::string& cursor);

// One agent. `placed` in the order of its numbers.
AuditCounts compare_orders(std::span<const PlacedOrder> placed, std::vector<HistoryRow> rows);

class OrderAudit {
 public:
  OrderAudit(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& server,
             std::string host, const std::vector<LoadAgent>& agents,
             const std::vector<std::vector<PlacedOrder>>& placed, uint64_t first_number);
  ~OrderAudit();

  void start();
  void tick(int64_t now_ns);  // every 20 ms or so
  bool is_done() const { return is_started_ && working_ == 0; }
  const AuditCounts& counts() const { return counts_; }

 private:
  struct Worker;
  void next_agent(Worker& worker);
  void ask(Worker& worker);
  void on_page(Worker& worker, const HttpResponse& response);
  void repeat(Worker& worker, int64_t pause_ns);

  const std::string host_;
  const std::vector<LoadAgent>& agents_;
  const std::vector<std::vector<PlacedOrder>>& placed_;
  const uint64_t first_number_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::size_t next_ = 0;
  std::size_t working_ = 0;
  bool is_started_ = false;
  AuditCounts counts_;
};

}  // namespace perpetua::load
