// BoundQuery: what every query of the history at a PostgreSQL has: the parameters it is bound to
// and the rows of the last answer. How it comes to them (step) is each source's own. With it, the
// statements of a cursor, which a scan is read by.
// Not thread-safe.
#pragma once

#include <optional>
#include <string>

#include "base/pg/parameters.hpp"
#include "stores/postgres/result_rows.hpp"

namespace perpetua::stores {

class BoundQuery : public Query {
 public:
  BoundQuery& bind(int64_t value) override {
    parameters_.add(value);
    return *this;
  }
  BoundQuery& bind_text(std::string_view value) override {
    parameters_.add_text(value);
    return *this;
  }
  BoundQuery& bind_blob(std::string_view value) override {
    value.empty() ? parameters_.add_null() : parameters_.add_bytes(value);
    return *this;
  }
  void reset() override {
    rows_.reset();
    parameters_.clear();
  }
  int64_t next_int() override { return rows_->next_int(); }
  std::string next_text() override { return rows_->next_text(); }

 protected:
  // The first row of an answer.
  Step begin(pg::Result result) {
    return rows_.emplace(std::move(result)).next() ? Step::row : Step::done;
  }

  pg::Parameters parameters_;
  std::optional<ResultRows> rows_;
};

// A cursor lives in a transaction; each step of it brings kScanRows rows at most.
inline constexpr int kScanRows = 5'000;
std::string declare_cursor(const std::string& cursor, const std::string& sql);
std::string fetch_from(const std::string& cursor);

}  // namespace perpetua::stores
