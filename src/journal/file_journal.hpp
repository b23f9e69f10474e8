// FileJournal: the journal as segment files of the data directory (docs/formats/journal.md).
#pragma once

#include "journal/data_directory.hpp"
#include "journal/journal.hpp"
#include "journal/journal_writer.hpp"

namespace perpetua::journal {

class FileJournal final : public Journal {
 public:
  explicit FileJournal(WriterOptions options = {}) : options_(std::move(options)) {}

  // Refuses a folder whose journal is a table (it holds a seen mark).
  Status attach(const DataDirectory& directory) override;
  std::unique_ptr<BatchLogReader> read(BatchNumber from, BatchNumber durable_floor) override;
  Status finish_reading(const JournalEnd& end) override;  // cuts the last segment to what it uses
  Status open_log(const JournalPosition& position, std::unique_ptr<BatchLog>& log) override;
  bool needs_opening_batch() const override { return false; }
  std::string name() const override;

 private:
  WriterOptions options_;
  const DataDirectory* directory_ = nullptr;
};

}  // namespace perpetua::journal
