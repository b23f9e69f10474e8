#include "stores/postgres/postgres_source.hpp"

#include <algorithm>
#include <unordered_map>

#include "stores/postgres/bound_query.hpp"

namespace perpetua::stores {

namespace {

PoolOptions pool_options(const PostgresReaderOptions& options, const std::string& url) {
  PoolOptions pool;
  pool.url = url;
  pool.connections = options.connections;
  pool.connect_ms = options.read_ms;
  pool.read_ms = options.read_ms;
  pool.wait_ms = options.read_ms;
  return pool;
}

}  // namespace

// Holds one connection at a time, and moves on when its server fails.
class PostgresSource::Session final : public HistorySession {
 public:
  explicit Session(PostgresSource& source) : source_(source) {}

  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Query& statement(const std::string& sql) override;
  Query& scan(const std::string& sql) override;
  std::size_t fetch_rows(std::size_t wanted, std::size_t most) const override {
    return std::min(wanted, most);
  }

  pg::Result run(const std::string& sql, const pg::Parameters& parameters);

 private:
  class RemoteQuery;
  class RemoteScan;
  static constexpr std::size_t kPrimary = SIZE_MAX;

  bool has_failed(std::size_t server) const {
    return std::find(failed_.begin(), failed_.end(), server) != failed_.end();
  }
  bool connect(pg::Error& error);
  pg::Result run_here(const std::string& sql, const pg::Parameters& parameters);
  void leave(const pg::Error& error);
  void open_cursor(const std::string& cursor, const std::string& sql);
  pg::Result fetch(const std::string& cursor);
  void close_cursor(const std::string& cursor);
  pg::Result run_in_transaction(const std::string& sql);

  PostgresSource& source_;
  ConnectionPool::Lease reader_{nullptr, {nullptr}};
  std::size_t server_ = kPrimary;
  std::vector<std::size_t> failed_;
  std::unordered_map<std::string, std::unique_ptr<RemoteQuery>> queries_;
  std::unordered_map<std::string, std::unique_ptr<RemoteScan>> scans_;
  int open_cursors_ = 0;
};

// A scan: a cursor of the server, some rows at a time. It stays at the server it began at.
class PostgresSource::Session::RemoteScan final : public BoundQuery {
 public:
  RemoteScan(Session& session, const std::string& sql, int number)
      : session_(session), sql_(sql), cursor_("scan_" + std::to_string(number)) {}

  Step step() override {
    if (!rows_) session_.open_cursor(cursor_, sql_);
    if (rows_ && rows_->next()) return Step::row;
    return begin(session_.fetch(cursor_));
  }
  void reset() override {
    if (rows_) session_.close_cursor(cursor_);
    BoundQuery::reset();
  }

 private:
  Session& session_;
  const std::string sql_;
  const std::string cursor_;
};

class PostgresSource::Session::RemoteQuery final : public BoundQuery {
 public:
  RemoteQuery(Session& session, const std::string& sql) : session_(session), sql_(numbered(sql)) {}

  Step step() override {
    if (!rows_) return begin(session_.run(sql_, parameters_));
    return rows_->next() ? Step::row : Step::done;
  }

 private:
  Session& session_;
  const std::string sql_;
};

// A connection that is left in the middle of a scan is not used again.
PostgresSource::Session::~Session() {
  if (open_cursors_ > 0 && reader_ != nullptr) reader_->close();
}

Query& PostgresSource::Session::statement(const std::string& sql) {
  auto& query = queries_[sql];
  if (query == nullptr) query = std::make_unique<RemoteQuery>(*this, sql);
  query->reset();
  return *query;
}

Query& PostgresSource::Session::scan(const std::string& sql) {
  auto& scan = scans_[sql];
  if (scan == nullptr) {
    scan = std::make_unique<RemoteScan>(*this, sql, static_cast<int>(scans_.size()));
  }
  scan->reset();
  return *scan;
}

void PostgresSource::Session::open_cursor(const std::string& cursor, const std::string& sql) {
  if (open_cursors_++ == 0) run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", {});
  run_in_transaction(declare_cursor(cursor, sql));
}

pg::Result PostgresSource::Session::fetch(const std::string& cursor) {
  return run_in_transaction(fetch_from(cursor));
}

// Throws nothing: it ends reads that have failed, too. A connection that cannot end its cursor is
// not used again.
void PostgresSource::Session::close_cursor(const std::string& cursor) {
  const bool is_last = --open_cursors_ == 0;
  if (reader_ == nullptr || !reader_->is_open()) return;
  const bool is_closed =
      reader_->run_once("CLOSE " + cursor).ok() && (!is_last || reader_->run_once("COMMIT").ok());
  if (!is_closed) reader_->close();
}

pg::Result PostgresSource::Session::run_in_transaction(const std::string& sql) {
  pg::Result result = reader_ == nullptr
                          ? pg::Result(pg::Error{pg::ErrorClass::connection, "", "lost"})
                          : reader_->run_once(sql);
  if (result.ok()) return result;
  ++source_.failures_;
  throw HistoryUnavailable("a scan of the history was cut short: " + result.error().message);
}

bool PostgresSource::Session::connect(pg::Error& error) {
  const auto replica =
      source_.watch_.choose([this](std::size_t index) { return has_failed(index); });
  server_ = replica ? *replica : kPrimary;
  if (has_failed(server_)) return false;
  reader_ = (replica ? *source_.replicas_[*replica] : source_.primary_).lend(error);
  return true;
}

void PostgresSource::Session::leave(const pg::Error& error) {
  failed_.push_back(server_);
  reader_.reset();
  const bool is_server_fault = error.kind == pg::ErrorClass::connection ||
                               error.kind == pg::ErrorClass::deadline ||
                               error.kind == pg::ErrorClass::cancelled;
  if (server_ != kPrimary && is_server_fault) source_.watch_.note_failure(server_, error.message);
}

// A connection that lay idle may have been ended, which says nothing of the server: once more.
pg::Result PostgresSource::Session::run_here(const std::string& sql,
                                             const pg::Parameters& parameters) {
  pg::Result result = reader_->run(sql, parameters);
  if (result.error().kind != pg::ErrorClass::connection) return result;
  auto& pool = server_ == kPrimary ? source_.primary_ : *source_.replicas_[server_];
  pg::Error error;
  reader_.reset();
  reader_ = pool.lend(error);
  return reader_ == nullptr ? pg::Result(error) : reader_->run(sql, parameters);
}

pg::Result PostgresSource::Session::run(const std::string& sql, const pg::Parameters& parameters) {
  pg::Error error;
  failed_.clear();
  while (reader_ != nullptr || connect(error)) {
    if (reader_ != nullptr) {
      pg::Result result = run_here(sql, parameters);
      if (result.ok()) {
        ++(server_ == kPrimary ? source_.primary_reads_ : source_.replica_reads_[server_]);
        return result;
      }
      error = result.error();
    }
    leave(error);
    ++source_.failovers_;
  }
  ++source_.failures_;
  throw HistoryUnavailable("no source of the history answers: " + error.message);
}

PostgresSource::PostgresSource(const PostgresReaderOptions& options,
                               std::function<BatchNumber()> committed)
    : primary_(pool_options(options, options.primary_url)),
      replica_reads_(options.replica_urls.size()),
      watch_(options.replica_urls, options.lag_max_ms, options.poll_ms, std::move(committed)) {
  for (const std::string& url : options.replica_urls) {
    replicas_.push_back(std::make_unique<ConnectionPool>(pool_options(options, url)));
  }
}

std::unique_ptr<HistorySession> PostgresSource::lend() { return std::make_unique<Session>(*this); }

PostgresReaderCounts PostgresSource::counts() const {
  return {primary_reads_.load(),
          {replica_reads_.begin(), replica_reads_.end()},
          failovers_.load(),
          failures_.load()};
}

}  // namespace perpetua::stores
