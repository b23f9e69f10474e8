#include "journal/postgres/shared_snapshots.hpp"

#include <algorithm>

#include "journal/crc32c.hpp"
#include "journal/postgres/server_check.hpp"

namespace perpetua::journal::postgres {
namespace {

constexpr int64_t kPublishLockKey = 0x5045'5250'534E'5031;  // "PERPSNP1"
constexpr int64_t kDeadlineMs = 60'000;                     // of one part

constexpr const char* kCreateTable = R"(
CREATE TABLE IF NOT EXISTS journal_snapshot (
  batch bigint NOT NULL,
  part integer NOT NULL,
  parts integer NOT NULL,
  bytes bytea NOT NULL,
  crc bigint NOT NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (batch, part));
ALTER TABLE journal_snapshot ALTER COLUMN bytes SET STORAGE EXTERNAL)";

constexpr const char* kInsertPart =
    "INSERT INTO journal_snapshot (batch, part, parts, bytes, crc) "
    "VALUES ($1::bigint, $2::integer, $3::integer, $4::bytea, $5::bigint)";

constexpr const char* kReadNewest = "SELECT coalesce(max(batch), 0) FROM journal_snapshot";

constexpr const char* kRemoveOld =
    "DELETE FROM journal_snapshot WHERE batch < (SELECT min(batch) FROM (SELECT DISTINCT batch "
    "FROM journal_snapshot ORDER BY batch DESC LIMIT $1::integer) AS kept)";

constexpr const char* kReadCandidates =
    "SELECT batch, parts FROM journal_snapshot WHERE part = 0 AND batch > $1::bigint "
    "ORDER BY batch DESC";

constexpr const char* kReadPart =
    "SELECT bytes, crc FROM journal_snapshot WHERE batch = $1::bigint AND part = $2::integer";

// Ends the transaction it began, unless it was committed.
class Transaction {
 public:
  Transaction(pg::Connection& connection, const char* begin) : connection_(connection) {
    begun_ = connection_.run(begin);
  }
  ~Transaction() {
    if (connection_.is_open() && connection_.is_in_transaction()) {
      static_cast<void>(connection_.run("ROLLBACK"));
    }
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  const pg::Result& begun() const { return begun_; }
  pg::Result commit() { return connection_.run("COMMIT"); }

 private:
  pg::Connection& connection_;
  pg::Result begun_;
};

Status status_of(const char* what, const pg::Result& result) {
  return result.ok() ? Status::success() : failure_of(what, result.error());
}

bool is_missing(const pg::Result& result) {
  return !result.ok() && result.error().kind == pg::ErrorClass::missing;
}

// In one transaction, with the lock of the publishers: all of it or nothing.
Status insert_parts(pg::Connection& connection, File& file, BatchNumber batch, uint64_t bytes,
                    const SharedSnapshots::Pause& pause) {
  const uint64_t parts = (bytes + kSnapshotPartBytes - 1) / kSnapshotPartBytes;
  std::string part(kSnapshotPartBytes, '\0');
  for (uint64_t i = 0; i < parts; ++i) {
    if (i != 0 && pause && !pause()) return Status::failure("given up");
    std::size_t got = 0;
    const uint64_t offset = i * kSnapshotPartBytes;
    if (const int error = read_all(file, offset, part.data(), kSnapshotPartBytes, got)) {
      return Status::failure("the snapshot cannot be read", error);
    }
    if (got != std::min<uint64_t>(kSnapshotPartBytes, bytes - offset)) {
      return Status::failure("the snapshot is shorter than its size says");
    }
    pg::Parameters row;
    row.add(static_cast<int64_t>(batch))
        .add(static_cast<int64_t>(i))
        .add(static_cast<int64_t>(parts))
        .add_bytes({part.data(), got})
        .add(crc32c(part.data(), got));
    const Status inserted =
        status_of("cannot write a shared snapshot", connection.run(kInsertPart, row));
    if (!inserted.ok()) return inserted;
  }
  return Status::success();
}

// All parts into `file`.
Status read_parts(pg::Connection& connection, BatchNumber batch, int64_t parts, File& file,
                  std::string& damage) {
  uint64_t offset = 0;
  for (int64_t i = 0; i < parts; ++i) {
    pg::Parameters which;
    which.add(static_cast<int64_t>(batch)).add(i);
    const pg::Result row = connection.run(kReadPart, which);
    if (!row.ok()) return failure_of("cannot read a shared snapshot", row.error());
    if (row.rows() != 1) {
      damage = "part " + std::to_string(i) + " is missing";
      return Status::success();
    }
    const std::string bytes = row.bytes(0, 0);
    if (crc32c(bytes.data(), bytes.size()) != static_cast<uint64_t>(row.integer(0, 1))) {
      damage = "checksum of part " + std::to_string(i);
      return Status::success();
    }
    if (const int error = write_all(file, offset, bytes.data(), bytes.size())) {
      return Status::failure("the snapshot cannot be written", error);
    }
    offset += bytes.size();
  }
  const int error = file.sync_data();
  return error == 0 ? Status::success() : Status::failure("the snapshot cannot be synced", error);
}

// One snapshot of the database into the directory. A damaged one is only told.
Status take(pg::Connection& connection, const DataDirectory& directory, BatchNumber batch,
            int64_t parts, SharedSnapshots::Fetched& fetched) {
  Storage& storage = directory.storage();
  SnapshotStore store(directory);
  const std::string temporary = store.path_of(batch) + ".shared" + kTemporarySuffix;
  storage.remove(temporary);  // of a fetch that was cut off
  std::unique_ptr<File> file;
  if (const int error = storage.open(temporary, OpenMode::create, file)) {
    return io_failure(temporary, "create", error);
  }
  std::string damage;
  const Status read = read_parts(connection, batch, parts, *file, damage);
  file.reset();
  if (read.ok() && damage.empty()) {
    SnapshotHeader header;
    const Status adopted = store.adopt(temporary, batch, header);
    if (adopted.ok()) {
      fetched.batch = batch;
      return adopted;
    }
    damage = adopted.message;
  }
  storage.remove(temporary);
  if (!damage.empty()) {
    fetched.rejected.push_back("shared snapshot of batch " + std::to_string(batch) + ": " + damage);
  }
  return read;
}

}  // namespace

Status SharedSnapshots::connect(pg::Connection& connection) const {
  const Status connected = connect_to_read(connection, url_);
  if (connected.ok()) connection.set_deadline(kDeadlineMs);
  return connected;
}

Status SharedSnapshots::publish(const DataDirectory& directory, BatchNumber& published,
                                const Pause& pause) {
  published = 0;
  const SnapshotStore store(directory);
  const std::vector<BatchNumber> batches = store.list();
  if (batches.empty()) return Status::success();
  const BatchNumber batch = batches.back();
  SnapshotHeader header;
  Status status = store.check(batch, header);
  if (!status.ok()) return status;
  std::unique_ptr<File> file;
  const std::string path = store.path_of(batch);
  if (const int error = directory.storage().open(path, OpenMode::read, file)) {
    return io_failure(path, "read", error);
  }
  pg::Connection connection;
  status = connect(connection);
  if (!status.ok()) return status;
  Transaction transaction(connection, "BEGIN");
  status = status_of("cannot begin", transaction.begun());
  if (!status.ok()) return status;
  pg::Parameters key;
  key.add(kPublishLockKey);
  status = status_of("cannot lock the shared snapshots",
                     connection.run("SELECT pg_advisory_xact_lock($1::bigint)", key));
  // Under the lock: two CREATE ... IF NOT EXISTS at once can fail.
  if (status.ok()) status = status_of("cannot create the table", connection.run(kCreateTable));
  if (!status.ok()) return status;
  const pg::Result newest = connection.run(kReadNewest);
  if (!newest.ok()) return failure_of("cannot read the shared snapshots", newest.error());
  if (static_cast<BatchNumber>(newest.integer(0, 0)) >= batch) return Status::success();
  status = insert_parts(connection, *file, batch, sizeof header + header.body_length, pause);
  if (!status.ok()) return status;
  pg::Parameters kept;
  kept.add(kSharedSnapshots);
  status = status_of("cannot remove old snapshots", connection.run(kRemoveOld, kept));
  if (status.ok()) status = status_of("cannot commit the snapshot", transaction.commit());
  if (status.ok()) published = batch;
  return status;
}

Status SharedSnapshots::fetch(const DataDirectory& directory, Fetched& fetched) {
  fetched = {};
  const std::vector<BatchNumber> local = SnapshotStore(directory).list();
  pg::Connection connection;
  const Status connected = connect(connection);
  if (!connected.ok()) return connected;
  // One view of the table: what is removed meanwhile stays readable here.
  const Transaction transaction(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  if (!transaction.begun().ok()) return failure_of("cannot begin", transaction.begun().error());
  pg::Parameters newest;
  newest.add(local.empty() ? 0 : static_cast<int64_t>(local.back()));
  const pg::Result rows = connection.run(kReadCandidates, newest);
  if (is_missing(rows)) return Status::success();  // nobody has published yet
  if (!rows.ok()) return failure_of("cannot read the shared snapshots", rows.error());
  for (int row = 0; row < rows.rows() && fetched.batch == 0; ++row) {
    const auto batch = static_cast<BatchNumber>(rows.integer(row, 0));
    const Status taken = take(connection, directory, batch, rows.integer(row, 1), fetched);
    if (!taken.ok()) return taken;
  }
  return Status::success();
}

}  // namespace perpetua::journal::postgres
