// The outcome of one PostgreSQL statement: rows, or an error whose class says what to do about it.
//
// Not thread-safe; a Result outlives its connection.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

typedef struct pg_result PGresult;  // libpq's own name

namespace perpetua::pg {

enum class ErrorClass : uint8_t {
  none,
  connection,  // not reachable, lost, or the server is stopping or starting: connect anew
  deadline,    // the caller's own deadline passed; the connection is closed, the outcome unknown
  cancelled,   // statement_timeout or an administrator ended the statement
  conflict,    // serialisation failure, deadlock, lock timeout: the transaction may be repeated
  duplicate,   // a unique key is there already
  resources,   // disk full, out of memory, too many connections: may pass
  read_only,   // a standby, or a server that was made read-only
  missing,     // no such table, column, function, schema or database
  statement,   // anything else: it fails however often it is repeated
};

struct Error {
  ErrorClass kind = ErrorClass::none;
  std::string sqlstate;  // five characters; empty if the server said nothing
  std::string message;   // one line, without passwords

  // Whether the same statement can succeed later, on a new connection if need be.
  bool may_pass() const;
};

ErrorClass classify(std::string_view sqlstate);

class Result {
 public:
  Result() = default;
  explicit Result(PGresult* result);  // takes ownership; its error, if it has one, is read
  explicit Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return error_.kind == ErrorClass::none; }
  const Error& error() const { return error_; }

  int rows() const;
  int columns() const;
  bool is_null(int row, int column) const;
  bool is_bytes(int column) const;                   // a bytea
  std::string_view text(int row, int column) const;  // text format, valid while this object lives
  int64_t integer(int row, int column) const;        // 0 for NULL; text format
  std::string bytes(int row, int column) const;      // a bytea in text format, decoded
  int64_t affected_rows() const;

  const PGresult* handle() const { return result_.get(); }

 private:
  struct Clear {
    void operator()(PGresult* result) const;
  };
  std::unique_ptr<PGresult, Clear> result_;
  Error error_;
};

}  // namespace perpetua::pg
