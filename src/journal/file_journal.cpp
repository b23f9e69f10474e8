#include "journal/file_journal.hpp"

#include "base/assert.hpp"
#include "journal/journal_reader.hpp"
#include "journal/seen_mark.hpp"

namespace perpetua::journal {

Status FileJournal::attach(const DataDirectory& directory) {
  directory_ = &directory;
  if (!SeenMark::exists(directory)) return Status::success();
  return Status::failure(directory.path() +
                         ": the journal of this data directory is a table of "
                         "PostgreSQL; start with PERPETUA_JOURNAL=postgres");
}

std::unique_ptr<BatchLogReader> FileJournal::read(BatchNumber from, BatchNumber durable_floor) {
  PERPETUA_ASSERT(directory_ != nullptr);
  return std::make_unique<JournalReader>(*directory_, from, durable_floor);
}

Status FileJournal::finish_reading(const JournalEnd& end) {
  if (end.path.empty()) return Status::success();
  std::unique_ptr<File> file;
  uint64_t size = 0;
  if (const int error = directory_->storage().open(end.path, OpenMode::read_write, file)) {
    return io_failure(end.path, "open", error);
  }
  if (const int error = file->size(size)) return io_failure(end.path, "size", error);
  if (size <= end.offset) return Status::success();
  if (const int error = file->truncate(end.offset)) {
    return io_failure(end.path, "truncate", error);
  }
  if (const int error = file->sync_data()) return io_failure(end.path, "sync", error);
  return Status::success();
}

Status FileJournal::open_log(const JournalPosition& position, std::unique_ptr<BatchLog>& log) {
  auto writer = std::make_unique<JournalWriter>(*directory_, options_);
  const Status opened = writer->open(position);
  if (opened.ok()) log = std::move(writer);
  return opened;
}

std::string FileJournal::name() const { return directory_->journal_path(); }

}  // namespace perpetua::journal
