#include "stores/sqlite/history_file.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>

#include "stores/sqlite/file_schema.hpp"

namespace perpetua::stores {

namespace {

namespace fs = std::filesystem;

// temp_store in memory: sorting never touches the disk the journal syncs to.
constexpr char kSettings[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;"
    "PRAGMA cache_size=-16384; PRAGMA wal_autocheckpoint=4000;"
    "PRAGMA journal_size_limit=67108864;";

std::string marker_path(const std::string& path) { return path + ".damaged"; }

void remove_history(const std::string& path) {
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) fs::remove(path + suffix, ignored);
  fs::remove(marker_path(path), ignored);
}

std::optional<int64_t> read_meta(const Database& database, const char* name) {
  Statement statement(database, "SELECT value FROM meta WHERE name = ?");
  statement.start().bind_text(name);
  if (statement.step() != Statement::Step::row) return std::nullopt;
  return statement.next_int();
}

bool pages_are_intact(const Database& database, const std::string& path) {
  std::error_code error;
  const auto size = static_cast<int64_t>(fs::file_size(path, error));
  if (error) return false;
  if (size > history_limits::kCheckedBytesMax) return true;
  Statement statement(database, "PRAGMA quick_check(1)");
  return statement.step() == Statement::Step::row && statement.next_text() == "ok";
}

// Why the file cannot be kept; empty if it can.
std::string reason_against(const HistoryOptions& options, Database& database) {
  if (!fs::exists(options.path)) return "missing";
  if (fs::exists(marker_path(options.path))) return "damaged";
  if (!database.open(options.path, OpenMode::read_write) || !database.execute(kSettings)) {
    return "damaged";
  }
  const auto version = read_meta(database, "schema_version");
  if (!version) return "damaged";
  if (*version != kHistorySchemaVersion) return "other schema version";
  const auto cluster = read_meta(database, "cluster_id");
  if (!cluster || *cluster != static_cast<int64_t>(options.cluster_id)) return "other cluster";
  const auto applied = read_meta(database, "applied_batch");
  if (!applied) return "damaged";
  if (static_cast<uint64_t>(*applied) > options.journal_batch) return "ahead of the journal";
  return pages_are_intact(database, options.path) ? "" : "damaged";
}

bool make_tables(Database& database, const HistoryOptions& options) {
  if (!database.open(options.path, OpenMode::read_write) || !database.execute(kSettings) ||
      !database.execute("BEGIN IMMEDIATE") || !database.execute(kHistoryTables)) {
    return false;
  }
  Statement statement(database, "INSERT INTO meta VALUES (?, ?)");
  const auto put = [&](const char* name, int64_t value) {
    return statement.start().bind_text(name).bind(value).run();
  };
  const bool written = put("schema_version", kHistorySchemaVersion) &&
                       put("cluster_id", static_cast<int64_t>(options.cluster_id)) &&
                       put("applied_batch", 0);
  const bool zeroed = std::all_of(std::begin(kHistoryCounts), std::end(kHistoryCounts),
                                  [&](const char* name) { return put(name, 0); });
  statement.reset();
  return written && zeroed && database.execute("COMMIT");
}

}  // namespace

void mark_history_damaged(const std::string& path) { std::ofstream marker(marker_path(path)); }

HistoryFile open_history_file(const HistoryOptions& options) {
  HistoryFile file;
  file.rebuild_reason = reason_against(options, file.database);
  if (file.rebuild_reason.empty()) {
    file.applied_batch =
        static_cast<BatchNumber>(read_meta(file.database, "applied_batch").value_or(0));
    return file;
  }
  file.database = Database();
  remove_history(options.path);
  if (!make_tables(file.database, options)) {
    throw std::runtime_error("history file " + options.path + ": " + file.database.message());
  }
  return file;
}

}  // namespace perpetua::stores
