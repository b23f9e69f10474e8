#include "journal/postgres/table_journal.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "journal/postgres/server_check.hpp"
#include "journal/postgres/table_format.hpp"
#include "journal/postgres/table_log.hpp"
#include "journal/postgres/table_reader.hpp"
#include "journal/seen_mark.hpp"

namespace perpetua::journal::postgres {
namespace {

constexpr const char* kUndefinedTable = "42P01";  // SQLSTATE

Status check_no_segments(const DataDirectory& directory) {
  std::vector<std::string> names;
  directory.storage().list(directory.journal_path(), names);  // no folder: no segments
  const bool has_segments = std::ranges::any_of(
      names, [](const std::string& name) { return number_of(name, kSegmentSuffix) != 0; });
  if (!has_segments) return Status::success();
  return Status::failure(directory.path() +
                         ": this data directory has a journal of segment files; "
                         "PERPETUA_JOURNAL=postgres needs a directory of its own");
}

}  // namespace

TableJournal::TableJournal(TableOptions options) : options_(std::move(options)) {}
TableJournal::~TableJournal() = default;

Status TableJournal::lead(const std::function<bool()>& is_stopping) {
  PERPETUA_ASSERT(leader_ == nullptr);
  leader_ = std::make_unique<Leader>(options_);
  return leader_->lead(is_stopping);
}

void TableJournal::resign() { leader_->resign(); }

Status TableJournal::open_to_read() {
  const Status opened = connect_to_read(reading_, options_.url);
  if (opened.ok()) reading_address_ = address_of(reading_);
  return opened;
}

pg::Result TableJournal::ask(const std::string& sql, const pg::Parameters& parameters) {
  if (leader_ == nullptr) {
    if (!reading_.is_open()) {
      const Status opened = open_to_read();
      if (!opened.ok())
        return pg::Result(pg::Error{pg::ErrorClass::connection, {}, opened.message});
    }
    return reading_.run(sql, parameters);
  }
  const auto guard = leader_->lock();
  return leader_->connection().run(sql, parameters);
}

std::string TableJournal::name() const {
  if (leader_ == nullptr) return "journal table " + reading_address_;
  const auto guard = leader_->lock();
  return "journal table " + leader_->address();
}

Status TableJournal::cluster_id(std::optional<ClusterId>& id) {
  pg::Parameters first;
  first.add(0).add(1);
  const pg::Result row = ask(kReadPage, first);
  id.reset();
  if (leader_ == nullptr && row.error().sqlstate == kUndefinedTable) return Status::success();
  if (!row.ok()) return failure_of("cannot read the journal table", row.error());
  if (row.rows() == 0) return Status::success();
  if (row.integer(0, 0) != 0) return Status::failure(name() + ": row 0 is missing");
  TableHeader header;
  if (const char* reason = check_table_header(row.bytes(0, 7), header)) {
    return Status::failure(name() + ": row 0: " + reason);
  }
  id = header.cluster_id;
  return Status::success();
}

Status TableJournal::check_seen(const DataDirectory& directory) {
  SeenBatch seen;
  const Status read = SeenMark().read(directory, seen);
  if (!read.ok() || seen.batch == 0) return read;
  pg::Parameters which;
  which.add(static_cast<int64_t>(seen.batch));
  const pg::Result row = ask(kReadRow, which);
  if (!row.ok()) return failure_of("cannot read the journal table", row.error());
  const std::string known = "batch " + std::to_string(seen.batch) +
                            ", which this engine has seen durable (" + directory.path() + ")";
  if (row.rows() == 0) {
    return Status::failure(name() + ": ends before " + known +
                           ": the database lost history (an old replica or back-up?)");
  }
  if (hash_of_bytes(row.bytes(0, 2)) != seen.record_hash) {
    return Status::failure(name() + ": has another " + known + ": a different history");
  }
  return Status::success();
}

Status TableJournal::write_header(const DataDirectory& directory) {
  pg::Parameters row;
  row.add_bytes(hash_bytes_of(kSchemaHash))
      .add_bytes(encode_table_header(directory.cluster_id()))
      .add_bytes(hash_bytes_of(0));
  const pg::Result written = ask(kInsertHeader, row);
  return written.ok() ? Status::success()
                      : failure_of("cannot write the journal table", written.error());
}

Status TableJournal::attach(const DataDirectory& directory) {
  directory_ = &directory;
  Status status = check_no_segments(directory);
  if (status.ok()) status = check_seen(directory);
  std::optional<ClusterId> id;
  if (status.ok()) status = cluster_id(id);
  if (!status.ok()) return status;
  if (!id) {
    if (leader_ == nullptr) return Status::failure(name() + ": there is no journal in it");
    return write_header(directory);
  }
  if (*id == directory.cluster_id()) return status;
  return Status::failure(name() + ": belongs to the exchange " + cluster_id_text(*id) + ", and " +
                         directory.path() + " to " + cluster_id_text(directory.cluster_id()));
}

std::unique_ptr<BatchLogReader> TableJournal::read(BatchNumber from, BatchNumber) {
  PERPETUA_ASSERT(directory_ != nullptr);
  return std::make_unique<TableReader>(
      [this](const std::string& sql, const pg::Parameters& parameters) {
        return ask(sql, parameters);
      },
      directory_->cluster_id(), name(), from);
}

Status TableJournal::open_log(const JournalPosition& position, std::unique_ptr<BatchLog>& log) {
  PERPETUA_ASSERT(leader_ != nullptr && directory_ != nullptr);
  Tip tip;
  {
    const auto guard = leader_->lock();
    tip = leader_->durable();
  }
  if (tip.batch + 1 != position.next_batch || tip.hash != position.last_hash) {
    return Status::failure(name() + ": ends with batch " + std::to_string(tip.batch) +
                           ", but was read to batch " + std::to_string(position.next_batch - 1));
  }
  auto opened = std::make_unique<TableLog>(*leader_, *directory_, position);
  const Status status = opened->open();
  if (status.ok()) log = std::move(opened);
  return status;
}

}  // namespace perpetua::journal::postgres
