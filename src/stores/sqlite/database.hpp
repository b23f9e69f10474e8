// A thin, exception-free wrapper of SQLite: one connection, its statements, its result codes.
//
// Not thread-safe: one thread at a time per connection (it is opened without SQLite's own mutex).
// A failed call leaves code() and message() of the connection; a statement that did not compile
// answers every step with an error. Text and blobs are copied on bind.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "stores/history/history_source.hpp"

namespace perpetua::stores {

enum class OpenMode { read_write, read_only };

class Database {
 public:
  // False: see message().
  [[nodiscard]] bool open(const std::string& path, OpenMode mode);
  [[nodiscard]] bool execute(const char* sql);

  int code() const;
  std::string message() const;
  int64_t changed_rows() const;
  sqlite3* handle() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

class Statement final : public Query {
 public:
  Statement() = default;
  Statement(const Database& database, std::string_view sql);

  // Parameters and columns in order of their appearance. start() forgets those of the last use.
  Statement& start();
  Statement& bind(int64_t value) override;
  Statement& bind_text(std::string_view value) override;
  Statement& bind_blob(std::string_view value) override;

  Step step() override;
  [[nodiscard]] bool run() { return step() == Step::done; }  // no rows expected
  void reset() override;                                     // the connection holds no old snapshot

  sqlite3_stmt* handle() const { return statement_.get(); }

  // Columns of the current row, one after the other.
  int64_t next_int() override;
  std::string next_text() override;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int parameter_ = 0;
  int column_ = 0;
};

}  // namespace perpetua::stores
