// For tests of the gateway: a real engine, hot store and history behind a real server on a loopback
// port, and a blocking HTTP client.
//
// Commands run at once, each submission one batch, unless hold() was called: then they wait for
// release(). Calls to the exchange are serialised by one mutex.
#pragma once

#include <atomic>
#include <boost/json/fwd.hpp>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/test_support.hpp"
#include "gateway/far_side_test_support.hpp"
#include "gateway/server.hpp"
#include "stores/history/history_reader.hpp"
#include "stores/memory/hot_store.hpp"
#include "stores/sqlite/history_writer.hpp"

namespace perpetua::gateway::test {

inline constexpr std::string_view kOperatorKey = "operator-key-of-the-tests-0123456789";

// What a test puts in the place of what processes share; null: nothing is shared.
struct SharedParts {
  AccountReads* accounts = nullptr;
  SharedKeys* keys = nullptr;
  SharedBudgets* budgets = nullptr;
  SharedNotes* notes = nullptr;
  ReadBarrier* barrier = nullptr;
};

ServerOptions test_options();  // sandbox, no rate limits, port 0

class TestExchange final : public runtime::CommandPort {
 public:
  explicit TestExchange(ServerOptions options = test_options(), bool has_history = true,
                        const SharedParts& shared = {});
  ~TestExchange() override;

  runtime::SubmitResult submit(std::span<runtime::Submission> submissions) override;

  // Runs a command without anybody waiting for it.
  Outcome run(const Command& command, std::string_view text = {});
  void set_price(MarketId market, int64_t ticks);
  // Log time goes on by so much, and every market with it.
  void advance(int64_t duration_ms);

  void hold();
  void release();
  void release_and_hold();  // what waits is run, what comes waits again
  std::size_t held();
  void give_up_held();  // they are answered outcome_unknown, and are not run
  void answer_with(runtime::SubmitResult result);
  void break_submit();   // submit() throws from now on
  void break_history();  // who asks how far history is hears an exception

  // Batches are kept from the history until release_history().
  void hold_history();
  void release_history();

  // What the server wrote to its failure log.
  std::vector<std::string> failure_lines();
  int64_t now_ms() const { return now_ms_; }

  uint16_t port() const { return server_->port(); }
  Server& server() { return *server_; }
  const stores::HotStore& hot() const { return hot_; }

 private:
  struct HeldBatch {
    BatchNumber number = 0;
    int64_t log_time_ms = 0;
    uint64_t first_event = 0;
    std::vector<Command> commands;
    std::vector<Outcome> outcomes;
    std::vector<Event> events;
    std::string text;
    AppliedBatch view() const {
      return {number, log_time_ms, first_event, commands, outcomes, events, text};
    }
  };

  void run_batch(std::vector<runtime::Submission>& submissions, std::vector<Outcome>* outcomes);
  void apply_to_history(const AppliedBatch& batch);
  BatchNumber history_batch() const;

  const ServerOptions options_;
  std::string directory_;
  std::mutex mutex_;
  Engine engine_;
  InlineExecutor executor_;
  BatchOutput output_;
  stores::HotStore hot_;
  std::unique_ptr<stores::HistoryWriter> history_;
  std::unique_ptr<stores::HistoryReader> reader_;
  std::unique_ptr<ReplyRouter> router_;
  std::unique_ptr<Server> server_;
  int64_t now_ms_ = 0;
  bool is_holding_ = false;
  runtime::SubmitResult answer_ = runtime::SubmitResult::accepted;
  std::vector<runtime::Submission> held_;
  bool is_submit_broken_ = false;
  bool is_holding_history_ = false;
  std::deque<HeldBatch> held_for_history_;
  std::atomic<BatchNumber> handed_to_history_{0};
  std::atomic<bool> is_history_broken_{false};
  std::mutex failure_mutex_;
  std::vector<std::string> failure_lines_;
};

struct HttpReply {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  boost::json::object object() const;              // of a JSON body
  std::string text(std::string_view field) const;  // a string member, "" if absent or null
  bool is_null(std::string_view field) const;
  std::string code() const { return text("code"); }
  std::string header(const std::string& name) const;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

// One connection; every read has a deadline of ten seconds.
class HttpClient {
 public:
  explicit HttpClient(uint16_t port);
  ~HttpClient();

  HttpReply send(std::string_view method, std::string_view target, std::string_view body = {},
                 const Headers& headers = {});
  void write(std::string_view bytes);
  HttpReply read(bool is_head = false);
  // Reads until the peer closes; false at the deadline.
  bool is_closed_by_peer();

  std::string key;  // sent as X-API-Key if not empty

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Registers an agent and keeps its key in the client.
AgentId register_agent(HttpClient& client, std::string_view wallet, std::string_view deposit = {});

bool eventually(const std::function<bool()>& condition);

}  // namespace perpetua::gateway::test
