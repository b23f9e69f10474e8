#include "stores/postgres/migrations.hpp"

#include "stores/postgres/migration_texts.hpp"

namespace perpetua::stores {

namespace {

// Any number will do, as long as nothing else in the database takes it.
constexpr char kLock[] = "SELECT pg_advisory_xact_lock(5783912640881)";
constexpr char kTable[] =
    "CREATE TABLE IF NOT EXISTS schema_migrations(version bigint PRIMARY KEY, name text NOT NULL,"
    " applied_at timestamptz NOT NULL DEFAULT now())";

constexpr Migration kMigrations[] = {
    {1, "extension", kMigration0001},
    {2, "history", kMigration0002},
    {3, "violations", kMigration0003},
};

MigrationStatus failed(const pg::Result& result) {
  MigrationStatus status;
  status.error = result.error();
  return status;
}

// In a transaction that holds the lock; takes the next step, if there is one.
pg::Result take_step(pg::Connection& connection, MigrationStatus& status) {
  pg::Result result = connection.run(kTable);
  if (result.ok()) {
    result = connection.run("SELECT coalesce(max(version), 0) FROM schema_migrations");
  }
  if (!result.ok()) return result;
  status.applied = result.integer(0, 0);
  for (const Migration& migration : kMigrations) {
    if (migration.version <= status.applied) continue;
    result = connection.run(migration.sql);
    if (!result.ok()) return result;
    pg::Parameters row;
    row.add(migration.version).add_text(migration.name);
    result = connection.run("INSERT INTO schema_migrations VALUES ($1, $2)", row);
    if (!result.ok()) return result;
    status.applied = migration.version;
    status.done.emplace_back(migration.name);
    break;
  }
  return result;
}

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

MigrationStatus migration_status(pg::Connection& connection) {
  MigrationStatus status;
  status.known = std::size(kMigrations);
  const pg::Result result = connection.run("SELECT max(version) FROM schema_migrations");
  if (result.ok()) {
    status.applied = result.is_null(0, 0) ? 0 : result.integer(0, 0);
  } else if (result.error().kind != pg::ErrorClass::missing) {
    status.error = result.error();
  }
  return status;
}

MigrationStatus migrate(pg::Connection& connection) {
  MigrationStatus status;
  status.known = std::size(kMigrations);
  do {
    pg::Result result = connection.run(std::string("BEGIN; ") + kLock);
    if (result.ok()) result = take_step(connection, status);
    if (result.ok()) result = connection.run("COMMIT");
    if (!result.ok()) {
      // A lost connection has rolled back by itself.
      if (connection.is_open()) static_cast<void>(connection.run("ROLLBACK"));
      return failed(result);
    }
  } while (status.applied < status.known);
  if (status.applied > status.known) {
    status.error = {pg::ErrorClass::statement, "",
                    "the database is at schema version " + std::to_string(status.applied) +
                        ", this binary knows " + std::to_string(status.known)};
  }
  return status;
}

pg::Result drop_history(pg::Connection& connection) { return connection.run(kDropHistory); }

}  // namespace perpetua::stores
