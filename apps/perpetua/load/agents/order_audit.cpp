#include "load/agents/order_audit.hpp"

#include <algorithm>
#include <utility>

#include "load/agents/json_scan.hpp"
#include "load/api.hpp"
#include "load/source_address.hpp"

namespace perpetua::load {

namespace {

constexpr std::size_t kWorkers = 16;
constexpr unsigned kTriesMax = 10;
constexpr int64_t kReadTimeoutNs = 10'000'000'000;
constexpr int64_t kRepeatPauseNs = 500'000'000;

void add_example(AuditCounts& counts, const std::string& text) {
  if (counts.examples.size() < kExamplesMax) counts.examples.push_back(text);
}

}  // namespace

bool AuditCounts::is_right() const {
  return lost + doubled + contradicted + cancels_lost + unread == 0;
}

void AuditCounts::add(const AuditCounts& other) {
  acknowledged += other.acknowledged;
  lost += other.lost;
  doubled += other.doubled;
  contradicted += other.contradicted;
  cancels_lost += other.cancels_lost;
  unread += other.unread;
  for (const std::string& text : other.examples) add_example(*this, text);
}

bool read_history_page(std::string_view body, uint64_t first_number, std::vector<HistoryRow>& rows,
                       std::string& cursor) {
  constexpr std::string_view kRow = R"({"order_id":)";
  cursor.clear();
  const std::size_t end = body.rfind(R"("next_cursor":)");
  if (end == std::string_view::npos) return false;
  for (std::size_t at = body.find(kRow); at < end; at = body.find(kRow, at + 1)) {
    const std::string_view rest = body.substr(at);
    const std::string_view item = rest.substr(0, rest.find('}'));
    std::string_view client_id = scan_field(item, R"("client_id":)");
    if (!client_id.starts_with(kClientIdPrefix)) continue;
    HistoryRow row;
    for (const char digit : client_id.substr(kClientIdPrefix.size())) {
      row.number = row.number * 10 + static_cast<uint64_t>(digit - '0');
    }
    if (row.number < first_number) return false;
    row.order_id = scan_number(item, R"("order_id":)").value_or(0);
    const std::string_view status = scan_field(item, R"("status":)");
    row.is_open = status == "open" || status == "partially_filled";
    rows.push_back(row);
  }
  cursor = scan_field(body.substr(end), R"("next_cursor":)");
  return !cursor.empty();
}

AuditCounts compare_orders(std::span<const PlacedOrder> placed, std::vector<HistoryRow> rows) {
  AuditCounts counts;
  std::sort(rows.begin(), rows.end(),
            [](const HistoryRow& a, const HistoryRow& b) { return a.number < b.number; });
  auto row = rows.begin();
  for (const PlacedOrder& order : placed) {
    while (row != rows.end() && row->number < order.number) ++row;
    auto end = row;
    while (end != rows.end() && end->number == order.number) ++end;
    const auto found = end - row;
    const std::string name = "order " + std::to_string(order.number);
    if (found > 1) {
      ++counts.doubled;
      add_example(counts, name + " is there " + std::to_string(found) + " times");
    }
    if (order.ending == Ending::done) {
      ++counts.acknowledged;
      if (found == 0) {
        ++counts.lost;
        add_example(counts, name + ", id " + std::to_string(order.order_id) + ", is lost");
      } else if (row->order_id != order.order_id) {
        ++counts.contradicted;
        add_example(counts, name + " has another id than told");
      } else if (order.is_cancelled && row->is_open) {
        ++counts.cancels_lost;
        add_example(counts, name + " was cancelled and is open");
      }
    } else if (order.ending == Ending::refused && found > 0) {
      ++counts.contradicted;
      add_example(counts, name + " was refused and is there");
    }
    row = end;
  }
  return counts;
}

struct OrderAudit::Worker {
  Worker(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& server,
         const boost::asio::ip::address& source)
      : connection(io, server, source) {}
  HttpConnection connection;
  std::size_t agent = 0;
  std::vector<HistoryRow> rows;
  std::string cursor;
  unsigned tries = 0;
  int64_t sent_ns = 0;
  int64_t repeat_at_ns = 0;  // 0: not waiting
};

OrderAudit::OrderAudit(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& server,
                       std::string host, const std::vector<LoadAgent>& agents,
                       const std::vector<std::vector<PlacedOrder>>& placed, uint64_t first_number)
    : host_(std::move(host)), agents_(agents), placed_(placed), first_number_(first_number) {
  for (uint32_t i = 0; i < kWorkers; ++i) {
    workers_.push_back(std::make_unique<Worker>(io, server, source_address(server, i)));
  }
}

OrderAudit::~OrderAudit() = default;

void OrderAudit::start() {
  is_started_ = true;
  working_ = workers_.size();
  for (const auto& worker : workers_) next_agent(*worker);
}

void OrderAudit::next_agent(Worker& worker) {
  while (next_ < agents_.size() && placed_[next_].empty()) ++next_;
  if (next_ >= agents_.size()) {
    --working_;
    return;
  }
  worker.agent = next_++;
  worker.tries = 0;
  worker.rows.clear();
  worker.cursor.clear();
  ask(worker);
}

void OrderAudit::ask(Worker& worker) {
  worker.sent_ns = monotonic_ns();
  worker.connection.request(
      http_text(order_history_call(worker.cursor), host_, agents_[worker.agent].api_key),
      [this, &worker](HttpResponse response) { on_page(worker, response); });
}

void OrderAudit::repeat(Worker& worker, int64_t pause_ns) {
  worker.rows.clear();
  worker.cursor.clear();
  worker.repeat_at_ns = monotonic_ns() + pause_ns;
}

void OrderAudit::on_page(Worker& worker, const HttpResponse& response) {
  if (!response.is_complete || response.status != 200) {
    if (++worker.tries < kTriesMax) return repeat(worker, kRepeatPauseNs);
    ++counts_.unread;
    return next_agent(worker);
  }
  if (read_history_page(response.body, first_number_, worker.rows, worker.cursor)) {
    return ask(worker);
  }
  const AuditCounts found = compare_orders(placed_[worker.agent], worker.rows);
  if (!found.is_right() && ++worker.tries < kTriesMax) return repeat(worker, kRepeatPauseNs);
  counts_.add(found);
  next_agent(worker);
}

void OrderAudit::tick(int64_t now_ns) {
  for (const auto& worker : workers_) {
    if (worker->connection.is_busy() && now_ns - worker->sent_ns > kReadTimeoutNs) {
      worker->connection.abort();
    } else if (worker->repeat_at_ns != 0 && now_ns >= worker->repeat_at_ns) {
      worker->repeat_at_ns = 0;
      ask(*worker);
    }
  }
}

}  // namespace perpetua::load
