// One connection to a PostgreSQL server (libpq), every call with a deadline.
//
// No call waits longer than `deadline_ms`, whatever the server or the network does: a call that
// runs out of it closes the connection and answers ErrorClass::deadline (what the server made of
// the statement is then unknown). Failed calls never throw; they answer a Result with an error.
// A connection that was lost stays closed until the next open().
// Thread-safety: one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/pg/parameters.hpp"
#include "base/pg/result.hpp"

typedef struct pg_conn PGconn;  // libpq's own name

namespace perpetua::pg {

struct ConnectOptions {
  std::string url;  // postgresql://user:password@host:port/database or keyword=value pairs
  std::string application_name = "perpetua";
  int64_t connect_deadline_ms = 5'000;
  int64_t deadline_ms = 30'000;      // of each later call
  int64_t statement_timeout_ms = 0;  // enforced by the server; 0: the server's own
  std::string settings = {};         // statements that are run once connected ("SET ...; ...")
};

// One statement of a pipeline.
struct Query {
  std::string sql;
  Parameters parameters;
};

class Connection {
 public:
  Connection() = default;
  ~Connection() = default;
  Connection(Connection&&) = default;
  Connection& operator=(Connection&&) = default;

  // Closes what is open first. The result has no rows.
  [[nodiscard]] Result open(const ConnectOptions& options);
  void close() { handle_.reset(); }
  bool is_open() const;
  bool is_in_transaction() const;
  void set_deadline(int64_t deadline_ms) { deadline_ms_ = deadline_ms; }

  // One or more statements without parameters. The result of the last, or of the first that fails.
  [[nodiscard]] Result run(const std::string& sql);

  // One statement with parameters.
  [[nodiscard]] Result run(const std::string& sql, const Parameters& parameters);

  // A statement that the server parses once per connection. REQUIRES: the name stands for one SQL
  // text only; prepare() it first.
  [[nodiscard]] Result prepare(const std::string& name, const std::string& sql);
  [[nodiscard]] Result run_prepared(const std::string& name, const Parameters& parameters);

  // All of them in one round trip (pipeline mode); one result each, in order. Without BEGIN and
  // COMMIT among them they are one transaction. After a failure the rest fail, too.
  [[nodiscard]] std::vector<Result> run_pipeline(std::span<const Query> queries);

  // COPY ... FROM STDIN: begin, any number of writes, end (its result says what the server made of
  // the rows). A failed write is told by end_copy().
  [[nodiscard]] Result begin_copy(const std::string& sql);
  void write_copy(std::string_view bytes);
  [[nodiscard]] Result end_copy();

  int socket() const;  // for a caller that waits on several connections; -1 if closed
  PGconn* handle() const { return handle_.get(); }

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  struct Finish {
    void operator()(PGconn* handle) const;
  };

  Deadline deadline() const;
  Result finish_connecting(int64_t connect_deadline_ms);
  bool wait(bool for_writing, Deadline until) const;
  bool flush(Deadline until);
  bool await_result(Deadline until);
  Result next_result(Deadline until, bool& is_last);
  Result last_result(Deadline until);
  Result receive_one(Deadline until);
  Result lost(ErrorClass kind);
  Result broken();

  std::unique_ptr<PGconn, Finish> handle_;
  int64_t deadline_ms_ = 30'000;
  Error copy_error_;
};

}  // namespace perpetua::pg
