#include "db_command.hpp"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <ostream>
#include <stdexcept>

#include "data_files.hpp"
#include "journal/file_journal.hpp"
#include "journal/postgres/table_journal.hpp"
#include "journal/recovery.hpp"
#include "stores/history/history_checksum.hpp"
#include "stores/postgres/migrations.hpp"
#include "stores/sqlite/reader_pool.hpp"

namespace perpetua::app {

namespace {

constexpr int kExitFine = 0;
constexpr int kExitNotCurrent = 1;
constexpr int kExitCannot = 3;

pg::Connection connect(const std::string& url) {
  pg::Connection connection;
  const pg::Result opened =
      connection.open({.url = url, .application_name = "perpetua db", .deadline_ms = 600'000});
  if (!opened.ok()) throw std::runtime_error(opened.error().message);
  return connection;
}

pg::Result run_or_throw(pg::Connection& connection, const std::string& sql) {
  pg::Result result = connection.run(sql);
  if (!result.ok()) throw std::runtime_error(result.error().message);
  return result;
}

int migrate_database(const HistoryPlace& place, std::ostream& out) {
  if (!place.is_remote()) {
    out << "no DATABASE_URL: the history file needs no migration\n";
    return kExitFine;
  }
  pg::Connection connection = connect(place.database_url);
  const stores::MigrationStatus status = stores::migrate(connection);
  if (!status.ok()) throw std::runtime_error(status.error.message);
  for (const std::string& name : status.done) out << "applied " << name << "\n";
  out << "schema version " << status.applied << " of " << status.known << "\n";
  return kExitFine;
}

void print_server(const char* role, const std::string& url, std::ostream& out) {
  pg::Connection connection;
  const pg::Result opened = connection.open({.url = url});
  const pg::Result state = opened.ok() ? connection.run(
                                             "SELECT value, pg_is_in_recovery(),"
                                             " current_setting('server_version') FROM meta"
                                             " WHERE name = 'applied_batch'")
                                       : pg::Result(opened.error());
  out << role << ": ";
  if (!state.ok() || state.rows() != 1) {
    out << (state.ok() ? "empty" : state.error().message) << "\n";
    return;
  }
  out << "batch " << state.integer(0, 0) << (state.text(0, 1) == "t" ? ", replica" : ", primary")
      << ", PostgreSQL " << state.text(0, 2) << "\n";
}

int show_status(const HistoryPlace& place, std::ostream& out) {
  if (!place.is_remote()) {
    stores::HistoryReader reader(place.file(), 1);
    out << place.file() << ": batch " << reader.applied_batch() << "\n";
    return kExitFine;
  }
  pg::Connection connection = connect(place.database_url);
  const stores::MigrationStatus status = stores::migration_status(connection);
  if (!status.ok()) throw std::runtime_error(status.error.message);
  out << "schema version " << status.applied << " of " << status.known << "\n";
  if (status.applied == 0) return kExitNotCurrent;
  const pg::Result timescale = run_or_throw(connection, "SELECT perpetua_has_timescale()");
  out << "time series: " << (timescale.text(0, 0) == "t" ? "hypertables" : "partitions") << "\n";
  print_server("primary", place.database_url, out);
  for (std::size_t i = 0; i < place.replica_urls.size(); ++i) {
    print_server(("replica " + std::to_string(i)).c_str(), place.replica_urls[i], out);
  }
  return status.is_current() ? kExitFine : kExitNotCurrent;
}

std::unique_ptr<stores::HistorySource> open_source(const HistoryPlace& place) {
  if (!place.is_remote()) return std::make_unique<stores::ReaderPool>(place.file(), 1);
  stores::PostgresReaderOptions options;
  options.primary_url = place.database_url;
  options.connections = 1;
  options.read_ms = 600'000;
  return std::make_unique<stores::PostgresSource>(options, [] { return BatchNumber{0}; });
}

// "shared" are equal for every kind of database; the rest only PostgreSQL has.
int print_checksums(const HistoryPlace& place, std::ostream& out) {
  const auto source = open_source(place);
  const auto tables =
      place.is_remote() ? stores::ChecksumTables::all : stores::ChecksumTables::shared;
  for (const stores::TableChecksum& table : stores::checksum_history(*source, tables)) {
    out << stores::checksum_line(table) << "\n";
  }
  return kExitFine;
}

// The writer's lock is held by a running exchange.
void drop_database(const HistoryPlace& place) {
  pg::Connection connection = connect(place.database_url);
  const pg::Result lock = run_or_throw(connection, stores::kTakeWriterLock);
  if (lock.text(0, 0) != "t") throw std::runtime_error("an exchange writes this history: stop it");
  const pg::Result dropped = stores::drop_history(connection);
  if (!dropped.ok()) throw std::runtime_error(dropped.error().message);
}

// Attached to `directory`, which is opened.
std::unique_ptr<journal::Journal> open_journal(const DbCommandOptions& options,
                                               journal::DataDirectory& directory) {
  journal::DataDirectoryOptions folder;
  folder.path = options.place.data_dir;
  journal::Status status = directory.open(folder);
  std::unique_ptr<journal::Journal> journal = std::make_unique<journal::FileJournal>();
  if (status.ok() && !options.journal_table_url.empty()) {
    journal::postgres::TableOptions table_options;
    table_options.url = options.journal_table_url;
    auto table = std::make_unique<journal::postgres::TableJournal>(std::move(table_options));
    status = table->open_to_read();
    journal = std::move(table);
  }
  if (status.ok()) status = journal->attach(directory);
  if (!status.ok()) throw std::runtime_error(status.message);
  return journal;
}

int rebuild(const DbCommandOptions& command, MatchExecutor& executor, std::ostream& out) {
  const HistoryPlace& place = command.place;
  journal::DataDirectory directory(journal::posix_storage());
  // The directory's lock keeps an exchange from starting meanwhile.
  if (!std::filesystem::exists(place.data_dir + "/cluster_id")) {
    throw std::runtime_error(place.data_dir + " is no data directory");
  }
  const std::unique_ptr<journal::Journal> journal = open_journal(command, directory);
  if (place.is_remote()) {
    drop_database(place);
  } else {
    std::filesystem::remove(place.file());
  }
  HistoryService history(place, cluster_fingerprint(place.data_dir));
  std::unique_ptr<Engine> engine;
  // One batch less than for ever: the journal's torn tail is the next start's to cut.
  journal::RecoveryOptions options;
  options.at_most = UINT64_MAX - 1;
  options.use_snapshots = false;
  const journal::RecoveryResult result =
      journal::recover(directory, *journal, options, executor, &history.listener(), engine);
  if (!result.status.ok()) throw std::runtime_error(result.status.message);
  history.finish_recovery(result.last_batch);
  out << "rebuilt from " << result.replayed_batches << " batches with " << result.replayed_commands
      << " commands\n";
  return print_checksums(place, out);
}

}  // namespace

int run_db_command(const DbCommandOptions& options, MatchExecutor& executor, std::ostream& out,
                   std::ostream& err) {
  const HistoryPlace& place = options.place;
  spdlog::set_level(spdlog::level::err);  // its lines would stand between the checksums
  try {
    switch (options.verb) {
      case DbVerb::migrate:
        return migrate_database(place, out);
      case DbVerb::status:
        return show_status(place, out);
      case DbVerb::rebuild:
        return rebuild(options, executor, out);
      case DbVerb::checksum:
        return print_checksums(place, out);
    }
  } catch (const std::exception& error) {
    err << "perpetua db: " << error.what() << "\n";
  }
  return kExitCannot;
}

}  // namespace perpetua::app
