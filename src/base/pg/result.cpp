#include "base/pg/result.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>

namespace perpetua::pg {

namespace {

struct Prefix {
  std::string_view sqlstate;
  ErrorClass kind;
};

// The longest prefix decides, so longer ones come first.
constexpr Prefix kPrefixes[] = {
    {"57014", ErrorClass::cancelled},  {"57P", ErrorClass::connection},
    {"40001", ErrorClass::conflict},   {"40P01", ErrorClass::conflict},
    {"55P03", ErrorClass::conflict},   {"23505", ErrorClass::duplicate},
    {"25006", ErrorClass::read_only},  {"42P01", ErrorClass::missing},
    {"42703", ErrorClass::missing},    {"42883", ErrorClass::missing},
    {"3F000", ErrorClass::missing},    {"3D000", ErrorClass::missing},
    {"25P03", ErrorClass::connection}, {"08", ErrorClass::connection},
    {"53", ErrorClass::resources},     {"58", ErrorClass::resources},
};

bool is_failure(ExecStatusType status) {
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE ||
         status == PGRES_PIPELINE_ABORTED;
}

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

Error read_error(const PGresult* result) {
  const char* sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const char* detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
  Error error;
  error.sqlstate = sqlstate == nullptr ? "" : sqlstate;
  error.message = primary == nullptr ? first_line(PQresultErrorMessage(result)) : primary;
  if (detail != nullptr) error.message += std::string(": ") + detail;
  std::replace(error.message.begin(), error.message.end(), '\n', ' ');
  // Without a state the message is libpq's own: the connection broke.
  error.kind = sqlstate == nullptr ? ErrorClass::connection : classify(error.sqlstate);
  if (PQresultStatus(result) == PGRES_PIPELINE_ABORTED) {
    error.kind = ErrorClass::statement;
    error.message = "an earlier statement of the pipeline failed";
  }
  return error;
}

}  // namespace

bool Error::may_pass() const {
  return kind == ErrorClass::connection || kind == ErrorClass::deadline ||
         kind == ErrorClass::cancelled || kind == ErrorClass::conflict ||
         kind == ErrorClass::resources || kind == ErrorClass::read_only;
}

ErrorClass classify(std::string_view sqlstate) {
  for (const Prefix& prefix : kPrefixes) {
    if (sqlstate.starts_with(prefix.sqlstate)) return prefix.kind;
  }
  return ErrorClass::statement;
}

void Result::Clear::operator()(PGresult* result) const { PQclear(result); }

Result::Result(PGresult* result) : result_(result) {
  if (result == nullptr) {
    error_ = {ErrorClass::connection, "", "the server gave no result"};
  } else if (is_failure(PQresultStatus(result))) {
    error_ = read_error(result);
  }
}

int Result::rows() const { return PQntuples(result_.get()); }

int Result::columns() const { return PQnfields(result_.get()); }

bool Result::is_null(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}

bool Result::is_bytes(int column) const {
  constexpr Oid kByteaType = 17;
  return PQftype(result_.get(), column) == kByteaType;
}

std::string_view Result::text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

int64_t Result::integer(int row, int column) const {
  const std::string_view digits = text(row, column);
  int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::string Result::bytes(int row, int column) const {
  std::size_t length = 0;
  const auto* encoded =
      reinterpret_cast<const unsigned char*>(PQgetvalue(result_.get(), row, column));
  unsigned char* decoded = PQunescapeBytea(encoded, &length);
  if (decoded == nullptr) return {};
  std::string value(reinterpret_cast<const char*>(decoded), length);
  PQfreemem(decoded);
  return value;
}

int64_t Result::affected_rows() const {
  if (result_ == nullptr) return 0;
  const std::string_view digits = PQcmdTuples(result_.get());
  int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

}  // namespace perpetua::pg
