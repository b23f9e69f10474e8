// Connecting to the database of the journal: the session's own settings, and what the server must
// promise before a COMMIT of it may be acknowledged.
#pragma once

#include <cstdint>
#include <string>

#include "base/pg/connection.hpp"
#include "journal/status.hpp"

namespace perpetua::journal::postgres {

inline constexpr int64_t kConnectDeadlineMs = 5'000;
inline constexpr int64_t kStatementDeadlineMs = 10'000;  // then its outcome is unknown

// What the server says about itself.
struct ServerSettings {
  int64_t version = 0;
  bool is_replica = false;
  std::string read_only;
  std::string fsync;
  std::string full_page_writes;
  std::string synchronous_commit;
  std::string data_sync_retry;
  std::string synchronous_standby_names;
  int64_t replicas = 0;  // connected now
};

// Not ok: this server may not hold the journal; the message says which setting and why.
Status check_settings(const ServerSettings& settings, bool accepts_async_replicas);

// Connects and checks. `error` ENOTCONN: not reachable now; else refused.
Status connect(pg::Connection& connection, const std::string& url, bool accepts_async_replicas);

// As connect(), for reading only: nothing is checked.
Status connect_to_read(pg::Connection& connection, const std::string& url);

// "postgresql://host:port/database" of an open connection, without user and password.
std::string address_of(const pg::Connection& connection);

Status failure_of(const char* what, const pg::Error& error);

}  // namespace perpetua::journal::postgres
