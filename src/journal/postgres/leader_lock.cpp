#include "journal/postgres/leader_lock.hpp"

#include "journal/postgres/server_check.hpp"
#include "journal/postgres/table_format.hpp"

namespace perpetua::journal::postgres {
namespace {

using Clock = std::chrono::steady_clock;

// Who holds the lock, and the newest beat and batch: changes while the holder lives.
constexpr const char* kAskHolder =
    "SELECT l.pid || ' ' || coalesce(a.backend_start::text, ''), "
    "b.beat || ' ' || (SELECT max(batch_seq) FROM journal) "
    "FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid, journal_leader AS b "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND l.classid = ($1::bigint >> 32)::bigint::oid "
    "AND l.objid = ($1::bigint & 4294967295)::bigint::oid";

constexpr const char* kAskProcess =
    "SELECT pid || ' ' || backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()";

constexpr const char* kEndProcess =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE pid || ' ' || backend_start::text = $1::text";

pg::Parameters lock_key() {
  pg::Parameters key;
  key.add(kLeaderLockKey);
  return key;
}

}  // namespace

LockResult try_leader_lock(pg::Connection& connection, Status& failure) {
  const pg::Result taken =
      connection.run("SELECT pg_try_advisory_lock($1::bigint)::int", lock_key());
  if (!taken.ok()) {
    failure = failure_of("cannot take the lock of the journal", taken.error());
    return LockResult::failed;
  }
  return taken.integer(0, 0) == 1 ? LockResult::taken : LockResult::held;
}

Status server_process_of(pg::Connection& connection, std::string& process) {
  const pg::Result asked = connection.run(kAskProcess);
  if (!asked.ok() || asked.rows() != 1) {
    return failure_of("cannot read the server process", asked.error());
  }
  process = asked.text(0, 0);
  return Status::success();
}

std::string end_server_process(pg::Connection& connection, const std::string& process) {
  pg::Parameters which;
  which.add_text(process);
  const pg::Result ended = connection.run(kEndProcess, which);
  return ended.ok() ? std::string() : ended.error().message;
}

void HolderWatch::look(pg::Connection& connection) {
  if (silence_ms_ == 0) return;
  const pg::Result asked = connection.run(kAskHolder, lock_key());
  std::string shown;
  if (asked.ok() && asked.rows() == 1) {
    shown = std::string(asked.text(0, 0)) + " " + std::string(asked.text(0, 1));
  }
  if (shown.empty() || shown != shown_) {
    shown_ = shown;
    shown_since_ = Clock::now();
    return;
  }
  const auto silence = Clock::now() - shown_since_;
  if (silence < std::chrono::milliseconds(silence_ms_)) return;
  const std::string process(asked.text(0, 0));
  log_("the leader has been silent for " + std::to_string(silence_ms_) +
       " ms; ending its server process " + process);
  const std::string refused = end_server_process(connection, process);
  if (!refused.empty()) log_("that was refused: " + refused);
  shown_.clear();
}

}  // namespace perpetua::journal::postgres
