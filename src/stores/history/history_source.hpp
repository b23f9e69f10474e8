// What the history is read through, whichever database holds it: sessions, queries, values.
//
// The tables, their columns and the SQL of the reader are the same in SQLite and in PostgreSQL;
// parameters are written `?`. A HistorySource lends sessions to any thread; a session and its
// queries belong to one thread until the session is destroyed, which gives it back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace perpetua::stores {

// No source can answer now. Thrown by the queries of a remote database; a caller answers that the
// exchange is unavailable, never that there is nothing.
class HistoryUnavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Takes the values of one row or the parameters of one query, in order.
class ValueSink {
 public:
  virtual ~ValueSink() = default;
  virtual ValueSink& bind(int64_t value) = 0;
  virtual ValueSink& bind_text(std::string_view value) = 0;
  virtual ValueSink& bind_blob(std::string_view value) = 0;  // empty: NULL
};

// Gives the values of one row, in order.
class ValueSource {
 public:
  virtual ~ValueSource() = default;
  virtual int64_t next_int() = 0;
  virtual std::string next_text() = 0;  // also blobs; NULL is empty

  template <class Enum>
  Enum next_enum() {
    return static_cast<Enum>(next_int());
  }
};

class Query : public ValueSink, public ValueSource {
 public:
  enum class Step { row, done, error };

  Query& bind(int64_t value) override = 0;
  Query& bind_text(std::string_view value) override = 0;
  Query& bind_blob(std::string_view value) override = 0;
  virtual Step step() = 0;
  virtual void reset() = 0;  // ends the read
};

class HistorySession {
 public:
  virtual ~HistorySession() = default;

  // Ready to be bound; reset() it after the last row. Lives as long as the session.
  virtual Query& statement(const std::string& sql) = 0;

  // The same for a query without parameters and without end, which is read as it comes: for
  // start-up. Several may be open at once.
  virtual Query& scan(const std::string& sql) { return statement(sql); }

  // How many rows a page should ask for first, if it needs `wanted` of at most `most`: a remote
  // database sends all it is asked for.
  virtual std::size_t fetch_rows(std::size_t wanted, std::size_t most) const = 0;
};

class HistorySource {
 public:
  virtual ~HistorySource() = default;
  virtual std::unique_ptr<HistorySession> lend() = 0;
};

}  // namespace perpetua::stores
