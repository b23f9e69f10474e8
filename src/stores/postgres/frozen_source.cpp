#include "stores/postgres/frozen_source.hpp"

#include <algorithm>
#include <list>

#include "stores/postgres/bound_query.hpp"

namespace perpetua::stores {

namespace {

constexpr int64_t kConnectMs = 2'000;
constexpr int64_t kStatementMs = 60'000;

}  // namespace

class FrozenSource::Session final : public HistorySession {
 public:
  explicit Session(FrozenSource& source) : source_(source) {}

  Query& statement(const std::string& sql) override {
    return queries_.emplace_back(source_, numbered(sql), false);
  }
  Query& scan(const std::string& sql) override { return queries_.emplace_back(source_, sql, true); }
  std::size_t fetch_rows(std::size_t wanted, std::size_t most) const override {
    return std::min(wanted, most);
  }

 private:
  class FrozenQuery final : public BoundQuery {
   public:
    FrozenQuery(FrozenSource& source, std::string sql, bool is_scan)
        : source_(source), sql_(std::move(sql)), is_scan_(is_scan) {}

    Step step() override {
      if (rows_ && rows_->next()) return Step::row;
      if (rows_ && !is_scan_) return Step::done;
      return begin(is_scan_ ? fetch() : source_.run(sql_, parameters_));
    }

   private:
    // The cursor ends with the transaction.
    pg::Result fetch() {
      if (cursor_.empty()) {
        cursor_ = "frozen_" + std::to_string(++source_.cursors_);
        source_.run(declare_cursor(cursor_, sql_), {});
      }
      return source_.run(fetch_from(cursor_), {});
    }

    FrozenSource& source_;
    const std::string sql_;
    const bool is_scan_;
    std::string cursor_;
  };

  FrozenSource& source_;
  std::list<FrozenQuery> queries_;  // stable addresses
};

std::string FrozenSource::begin() {
  pg::ConnectOptions options;
  options.url = url_;
  options.application_name = "perpetua warm start";
  options.connect_deadline_ms = kConnectMs;
  options.deadline_ms = kStatementMs;
  pg::Result result = connection_.open(options);
  if (result.ok()) result = connection_.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  if (result.ok()) result = connection_.run("SELECT value FROM meta WHERE name = 'applied_batch'");
  if (result.ok() && result.rows() == 1) {
    applied_batch_ = static_cast<BatchNumber>(result.integer(0, 0));
    return {};
  }
  connection_.close();
  return result.ok() ? "the tables are not there" : result.error().message;
}

std::unique_ptr<HistorySession> FrozenSource::lend() { return std::make_unique<Session>(*this); }

pg::Result FrozenSource::run(const std::string& sql, const pg::Parameters& parameters) {
  pg::Result result = connection_.run(sql, parameters);
  if (result.ok()) return result;
  connection_.close();
  throw HistoryUnavailable("the history cannot be read: " + result.error().message);
}

}  // namespace perpetua::stores
