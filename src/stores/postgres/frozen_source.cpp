#include "stores/postgres/frozen_source.hpp"

#include <algorithm>
#include <list>
#include <optional>

#include "stores/postgres/result_rows.hpp"

namespace perpetua::stores {

namespace {

constexpr int64_t kConnectMs = 2'000;
constexpr int64_t kStatementMs = 60'000;
constexpr int kScanRows = 5'000;

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
  class FrozenQuery final : public Query {
   public:
    FrozenQuery(FrozenSource& source, std::string sql, bool is_scan)
        : source_(source), sql_(std::move(sql)), is_scan_(is_scan) {}

    FrozenQuery& bind(int64_t value) override {
      parameters_.add(value);
      return *this;
    }
    FrozenQuery& bind_text(std::string_view value) override {
      parameters_.add_text(value);
      return *this;
    }
    FrozenQuery& bind_blob(std::string_view value) override {
      value.empty() ? parameters_.add_null() : parameters_.add_bytes(value);
      return *this;
    }
    Step step() override {
      if (rows_ && rows_->next()) return Step::row;
      if (rows_ && !is_scan_) return Step::done;
      rows_.emplace(is_scan_ ? fetch() : source_.run(sql_, parameters_));
      return rows_->next() ? Step::row : Step::done;
    }
    void reset() override {
      rows_.reset();
      parameters_.clear();
    }
    int64_t next_int() override { return rows_->next_int(); }
    std::string next_text() override { return rows_->next_text(); }

   private:
    // The cursor ends with the transaction.
    pg::Result fetch() {
      if (cursor_.empty()) {
        cursor_ = "frozen_" + std::to_string(++source_.cursors_);
        source_.run("DECLARE " + cursor_ + " NO SCROLL CURSOR FOR " + sql_, {});
      }
      return source_.run("FETCH " + std::to_string(kScanRows) + " FROM " + cursor_, {});
    }

    FrozenSource& source_;
    const std::string sql_;
    const bool is_scan_;
    pg::Parameters parameters_;
    std::optional<ResultRows> rows_;
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
