// The rows of a PostgreSQL result as a ValueSource, and the history's SQL as PostgreSQL takes it.
// Not thread-safe.
#pragma once

#include <string>

#include "base/pg/result.hpp"
#include "stores/history/history_source.hpp"

namespace perpetua::stores {

class ResultRows final : public ValueSource {
 public:
  explicit ResultRows(pg::Result result) : result_(std::move(result)) {}

  // To the next row; false after the last.
  bool next();

  int64_t next_int() override { return result_.integer(row_, column_++); }
  std::string next_text() override;

  const pg::Result& result() const { return result_; }

 private:
  pg::Result result_;
  int row_ = -1;
  int column_ = 0;
};

// `?` to $1, $2, ... The history's SQL has no question mark in literals.
std::string numbered(const std::string& sql);

}  // namespace perpetua::stores
