#include "base/pg/connection.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <utility>

namespace perpetua::pg {

namespace {

using Clock = std::chrono::steady_clock;

void ignore_notice(void*, const PGresult*) {}

// Arrays as libpq wants them; they point into the parameters.
struct ParameterArrays {
  explicit ParameterArrays(const Parameters& parameters) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      values.push_back(parameters.data(i));
      lengths.push_back(parameters.length(i));
      formats.push_back(parameters.format(i));
    }
  }
  int count() const { return static_cast<int>(values.size()); }

  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
};

bool send_parameterised(PGconn* handle, const std::string& sql, const Parameters& parameters) {
  const ParameterArrays arrays(parameters);
  return PQsendQueryParams(handle, sql.c_str(), arrays.count(), nullptr, arrays.values.data(),
                           arrays.lengths.data(), arrays.formats.data(), 0) == 1;
}

}  // namespace

void Connection::Finish::operator()(PGconn* handle) const { PQfinish(handle); }

Connection::Deadline Connection::deadline() const {
  return Clock::now() + std::chrono::milliseconds(deadline_ms_);
}

bool Connection::is_open() const {
  return handle_ != nullptr && PQstatus(handle_.get()) == CONNECTION_OK;
}

bool Connection::is_in_transaction() const {
  return is_open() && PQtransactionStatus(handle_.get()) != PQTRANS_IDLE;
}

int Connection::socket() const { return handle_ == nullptr ? -1 : PQsocket(handle_.get()); }

Result Connection::lost(ErrorClass kind) {
  const char* what =
      kind == ErrorClass::deadline ? "no answer within the deadline" : "the connection is closed";
  close();
  return Result(Error{kind, "", what});
}

// libpq knows what happened; its message ends in a newline.
Result Connection::broken() {
  if (handle_ == nullptr) return lost(ErrorClass::connection);
  std::string message = PQerrorMessage(handle_.get());
  std::replace(message.begin(), message.end(), '\n', ' ');
  while (message.ends_with(' ')) message.pop_back();
  close();
  return Result(Error{ErrorClass::connection, "", std::move(message)});
}

bool Connection::wait(bool for_writing, Deadline until) const {
  pollfd ready{PQsocket(handle_.get()), POLLIN, 0};
  if (for_writing) ready.events |= POLLOUT;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return false;
    const int count = poll(&ready, 1, static_cast<int>(std::min<int64_t>(left, 60'000)));
    if (count > 0) return true;
    if (count < 0 && errno != EINTR) return false;
  }
}

Result Connection::open(const ConnectOptions& options) {
  deadline_ms_ = options.deadline_ms;
  const char* keywords[] = {"dbname", "application_name", "client_encoding", nullptr};
  const char* values[] = {options.url.c_str(), options.application_name.c_str(), "UTF8", nullptr};
  handle_.reset(PQconnectStartParams(keywords, values, 1));
  if (handle_ == nullptr) return lost(ErrorClass::connection);
  PQsetNoticeReceiver(handle_.get(), ignore_notice, nullptr);
  Result connected = finish_connecting(options.connect_deadline_ms);
  if (!connected.ok()) return connected;
  std::string settings = options.settings;
  if (options.statement_timeout_ms > 0) {
    settings =
        "SET statement_timeout = " + std::to_string(options.statement_timeout_ms) + ";" + settings;
  }
  if (settings.empty()) return connected;
  Result applied = run(settings);
  if (!applied.ok()) close();
  return applied;
}

Result Connection::finish_connecting(int64_t connect_deadline_ms) {
  const Deadline until = Clock::now() + std::chrono::milliseconds(connect_deadline_ms);
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;
  while (PQstatus(handle_.get()) != CONNECTION_BAD) {
    if (status == PGRES_POLLING_OK) {
      if (PQsetnonblocking(handle_.get(), 1) != 0) return broken();
      return {};
    }
    if (status == PGRES_POLLING_FAILED) return broken();
    if (!wait(status == PGRES_POLLING_WRITING, until)) return lost(ErrorClass::deadline);
    status = PQconnectPoll(handle_.get());
  }
  return broken();
}

bool Connection::flush(Deadline until) {
  while (true) {
    const int pending = PQflush(handle_.get());
    if (pending == 0) return true;
    if (pending < 0 || !wait(true, until)) return false;
    // A server that cannot hand over its answers stops reading: take them meanwhile.
    if (PQconsumeInput(handle_.get()) == 0) return false;
  }
}

bool Connection::await_result(Deadline until) {
  while (PQisBusy(handle_.get()) != 0) {
    if (!wait(false, until) || PQconsumeInput(handle_.get()) == 0) return false;
  }
  return true;
}

Result Connection::next_result(Deadline until, bool& is_last) {
  is_last = true;
  if (!await_result(until)) {
    return Clock::now() >= until ? lost(ErrorClass::deadline) : broken();
  }
  PGresult* result = PQgetResult(handle_.get());
  if (result == nullptr) return {};
  is_last = false;
  return Result(result);
}

Result Connection::last_result(Deadline until) {
  if (!flush(until)) return Clock::now() >= until ? lost(ErrorClass::deadline) : broken();
  Result last;
  bool is_last = false;
  while (true) {
    Result result = next_result(until, is_last);
    if (is_last && result.ok()) break;
    if (last.ok()) last = std::move(result);
    if (is_last) break;
    // What follows a lost connection is not worth waiting for.
    if (PQstatus(handle_.get()) == CONNECTION_BAD) break;
    const ExecStatusType status = PQresultStatus(last.handle());
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT) break;
  }
  if (handle_ != nullptr && PQstatus(handle_.get()) == CONNECTION_BAD) close();
  return last;
}

Result Connection::run(const std::string& sql) {
  if (!is_open()) return lost(ErrorClass::connection);
  if (PQsendQuery(handle_.get(), sql.c_str()) == 0) return broken();
  return last_result(deadline());
}

Result Connection::run(const std::string& sql, const Parameters& parameters) {
  if (!is_open()) return lost(ErrorClass::connection);
  if (!send_parameterised(handle_.get(), sql, parameters)) return broken();
  return last_result(deadline());
}

Result Connection::prepare(const std::string& name, const std::string& sql) {
  if (!is_open()) return lost(ErrorClass::connection);
  if (PQsendPrepare(handle_.get(), name.c_str(), sql.c_str(), 0, nullptr) == 0) return broken();
  return last_result(deadline());
}

Result Connection::run_prepared(const std::string& name, const Parameters& parameters) {
  if (!is_open()) return lost(ErrorClass::connection);
  const ParameterArrays arrays(parameters);
  if (PQsendQueryPrepared(handle_.get(), name.c_str(), arrays.count(), arrays.values.data(),
                          arrays.lengths.data(), arrays.formats.data(), 0) == 0) {
    return broken();
  }
  return last_result(deadline());
}

// In a pipeline each statement answers its result and then nothing; a sync answers by itself.
Result Connection::receive_one(Deadline until) {
  bool is_last = false;
  Result result = next_result(until, is_last);
  if (is_last) return result;
  while (!is_last && handle_ != nullptr) {
    const Result separator = next_result(until, is_last);
    if (!separator.ok()) break;
  }
  return result;
}

std::vector<Result> Connection::run_pipeline(std::span<const Query> queries) {
  std::vector<Result> results;
  const auto fail_rest = [&](const Error& error) {
    while (results.size() < queries.size()) results.push_back(Result(error));
    return std::move(results);
  };
  if (!is_open()) return fail_rest(lost(ErrorClass::connection).error());
  const Deadline until = deadline();
  bool is_sent = PQenterPipelineMode(handle_.get()) == 1;
  for (const Query& query : queries) {
    is_sent = is_sent && send_parameterised(handle_.get(), query.sql, query.parameters);
  }
  if (!is_sent || PQpipelineSync(handle_.get()) == 0) return fail_rest(broken().error());
  if (!flush(until)) {
    const bool is_late = Clock::now() >= until;
    return fail_rest((is_late ? lost(ErrorClass::deadline) : broken()).error());
  }
  for (std::size_t i = 0; i < queries.size() && handle_ != nullptr; ++i) {
    results.push_back(receive_one(until));
  }
  if (handle_ == nullptr || PQstatus(handle_.get()) == CONNECTION_BAD) {
    const Error error =
        results.empty() ? lost(ErrorClass::connection).error() : results.back().error();
    close();
    return fail_rest(error.kind == ErrorClass::none ? Error{ErrorClass::connection, "", "lost"}
                                                    : error);
  }
  bool is_last = false;
  const Result synced = next_result(until, is_last);
  if (!synced.ok() || PQexitPipelineMode(handle_.get()) == 0) close();
  return results;
}

Result Connection::begin_copy(const std::string& sql) {
  copy_error_ = {};
  if (!is_open()) return lost(ErrorClass::connection);
  if (PQsendQuery(handle_.get(), sql.c_str()) == 0) return broken();
  Result begun = last_result(deadline());
  if (begun.ok() && PQresultStatus(begun.handle()) != PGRES_COPY_IN) {
    return Result(Error{ErrorClass::statement, "", "not a COPY FROM STDIN"});
  }
  return begun;
}

void Connection::write_copy(std::string_view bytes) {
  if (copy_error_.kind != ErrorClass::none) return;
  if (!is_open()) {
    copy_error_ = lost(ErrorClass::connection).error();
    return;
  }
  const Deadline until = deadline();
  const int queued = PQputCopyData(handle_.get(), bytes.data(), static_cast<int>(bytes.size()));
  if (queued == 1 && flush(until)) return;
  const bool is_late = Clock::now() >= until;
  copy_error_ = (is_late ? lost(ErrorClass::deadline) : broken()).error();
}

Result Connection::end_copy() {
  if (copy_error_.kind != ErrorClass::none) return Result(std::exchange(copy_error_, {}));
  if (!is_open()) return lost(ErrorClass::connection);
  if (PQputCopyEnd(handle_.get(), nullptr) != 1) return broken();
  return last_result(deadline());
}

}  // namespace perpetua::pg
