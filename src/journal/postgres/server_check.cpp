#include "journal/postgres/server_check.hpp"

#include <libpq-fe.h>

#include <cerrno>

namespace perpetua::journal::postgres {
namespace {

constexpr int64_t kVersionLeast = 140'000;  // client_connection_check_interval

// A client that vanished must not keep the lock; a role's time-outs must not end a COMMIT.
constexpr const char* kSessionSettings =
    "SET client_connection_check_interval = '1s'; SET tcp_keepalives_idle = 2; "
    "SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3; "
    "SET statement_timeout = 0; SET lock_timeout = 0; "
    "SET idle_in_transaction_session_timeout = 0; SET idle_session_timeout = 0; "
    "SET client_min_messages = warning; SET bytea_output = 'hex'; "
    "SET default_transaction_isolation = 'read committed'";

constexpr const char* kAskSettings =
    "SELECT current_setting('server_version_num'), pg_is_in_recovery()::int, "
    "current_setting('transaction_read_only'), current_setting('fsync'), "
    "current_setting('full_page_writes'), current_setting('synchronous_commit'), "
    "current_setting('data_sync_retry'), current_setting('synchronous_standby_names'), "
    "(SELECT count(*) FROM pg_stat_replication WHERE state IS DISTINCT FROM 'backup')";

Status refuse(const std::string& setting, const std::string& value, const char* why) {
  return Status::failure("this server cannot hold the journal: " + setting + " is '" + value +
                         "': " + why);
}

bool is_unreachable(const pg::Error& error) {
  return error.kind == pg::ErrorClass::connection || error.kind == pg::ErrorClass::deadline ||
         error.kind == pg::ErrorClass::resources;
}

}  // namespace

Status failure_of(const char* what, const pg::Error& error) {
  std::string text = std::string(what) + ": " + error.message;
  if (!error.sqlstate.empty()) text += " (SQLSTATE " + error.sqlstate + ")";
  return Status::failure(std::move(text), is_unreachable(error) ? ENOTCONN : -1);
}

Status check_settings(const ServerSettings& settings, bool accepts_async_replicas) {
  if (settings.version < kVersionLeast) {
    return refuse("server_version_num", std::to_string(settings.version), "14 is the oldest");
  }
  if (settings.is_replica) {
    return refuse("pg_is_in_recovery()", "true", "a replica never holds the truth");
  }
  if (settings.read_only != "off") {
    return refuse("transaction_read_only", settings.read_only, "the journal is written");
  }
  if (settings.fsync != "on") {
    return refuse("fsync", settings.fsync, "a power cut would lose acknowledged commands");
  }
  if (settings.full_page_writes != "on") {
    return refuse("full_page_writes", settings.full_page_writes,
                  "a power cut could tear pages of the journal");
  }
  if (settings.synchronous_commit != "on" && settings.synchronous_commit != "remote_apply") {
    return refuse("synchronous_commit", settings.synchronous_commit,
                  "a COMMIT must be durable when it returns; allowed: on, remote_apply");
  }
  if (settings.data_sync_retry != "off") {
    return refuse("data_sync_retry", settings.data_sync_retry,
                  "a sync that failed may not be repeated");
  }
  if (settings.replicas > 0 && settings.synchronous_standby_names.empty() &&
      !accepts_async_replicas) {
    return refuse("synchronous_standby_names", "",
                  "there are replicas, and failing over to one could lose acknowledged commands; "
                  "name one, or set journal_async_replicas = accept");
  }
  return Status::success();
}

Status connect_to_read(pg::Connection& connection, const std::string& url) {
  pg::ConnectOptions options;
  options.url = url;
  options.application_name = "perpetua journal";
  options.connect_deadline_ms = kConnectDeadlineMs;
  options.deadline_ms = kStatementDeadlineMs;
  options.settings = kSessionSettings;
  const pg::Result opened = connection.open(options);
  return opened.ok() ? Status::success() : failure_of("cannot connect", opened.error());
}

Status connect(pg::Connection& connection, const std::string& url, bool accepts_async_replicas) {
  Status status = connect_to_read(connection, url);
  if (!status.ok()) return status;
  const pg::Result asked = connection.run(kAskSettings);
  if (!asked.ok()) {
    connection.close();
    return failure_of("cannot read the server's settings", asked.error());
  }
  ServerSettings settings;
  settings.version = asked.integer(0, 0);
  settings.is_replica = asked.integer(0, 1) != 0;
  settings.read_only = asked.text(0, 2);
  settings.fsync = asked.text(0, 3);
  settings.full_page_writes = asked.text(0, 4);
  settings.synchronous_commit = asked.text(0, 5);
  settings.data_sync_retry = asked.text(0, 6);
  settings.synchronous_standby_names = asked.text(0, 7);
  settings.replicas = asked.integer(0, 8);
  status = check_settings(settings, accepts_async_replicas);
  if (status.ok()) {
    // A reload of the server's settings must not change it behind our back.
    const pg::Result kept =
        connection.run("SET synchronous_commit = " + settings.synchronous_commit);
    if (!kept.ok()) status = failure_of("cannot keep synchronous_commit", kept.error());
  }
  if (!status.ok()) connection.close();
  return status;
}

std::string address_of(const pg::Connection& connection) {
  const auto text = [](const char* value) { return std::string(value == nullptr ? "" : value); };
  PGconn* const handle = connection.handle();
  return "postgresql://" + text(PQhost(handle)) + ":" + text(PQport(handle)) + "/" +
         text(PQdb(handle));
}

}  // namespace perpetua::journal::postgres
