// The schema of the history in PostgreSQL as numbered steps, forward only.
//
// Each step runs once, in a transaction of its own, under an advisory lock: any number of processes
// may migrate one database at once. A database that has more steps than this binary knows is of a
// newer one and is refused. Steps that were released are never changed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/pg/connection.hpp"

namespace perpetua::stores {

// Held by whoever writes the history, for as long as it is connected: true or false. Any number
// will do, as long as nothing else in the database takes it.
inline constexpr char kTakeWriterLock[] = "SELECT pg_try_advisory_lock(5783912640882)";

struct Migration {
  int64_t version;  // 1, 2, ...
  const char* name;
  const char* sql;
};

std::span<const Migration> migrations();

struct MigrationStatus {
  pg::Error error;                // kind none: the rest is known
  int64_t applied = 0;            // version of the database; 0: empty
  int64_t known = 0;              // of this binary
  std::vector<std::string> done;  // names of the steps that this call applied

  bool ok() const { return error.kind == pg::ErrorClass::none; }
  bool is_current() const { return ok() && applied == known; }
};

MigrationStatus migration_status(pg::Connection& connection);
MigrationStatus migrate(pg::Connection& connection);

// Drops every table and function the steps have made; the extension stays. For a rebuild.
pg::Result drop_history(pg::Connection& connection);

}  // namespace perpetua::stores
