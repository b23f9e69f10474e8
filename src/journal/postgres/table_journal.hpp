// TableJournal: the journal as a table of PostgreSQL (docs/formats/journal-table.md).
//
//   lead()            for the exchange: waits until this engine is the only one that may write
//   resign()          the end of lead(): the lock is free, nothing can be written any more
//   open_to_read()    for tools and followers: any number, no lock, changes nothing; a connection
//                     that was lost is opened again by the next reading
//   cluster_id()      of the exchange the table belongs to; none if the table is new
//
// One of the first two, once; then as any Journal. attach() gives a new table to the exchange of
// the data directory; it refuses a directory with segment files or of another exchange, and a table
// that ends before a batch which this directory has seen durable (seen_mark.hpp).
// Thread-safety: one thread; the BatchLog as it says itself.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "journal/data_directory.hpp"
#include "journal/journal.hpp"
#include "journal/postgres/leader.hpp"

namespace perpetua::journal::postgres {

class TableJournal final : public Journal {
 public:
  explicit TableJournal(TableOptions options);
  ~TableJournal() override;

  Status lead(const std::function<bool()>& is_stopping);
  void resign();
  Status open_to_read();
  Status cluster_id(std::optional<ClusterId>& id);

  Status attach(const DataDirectory& directory) override;
  std::unique_ptr<BatchLogReader> read(BatchNumber from, BatchNumber durable_floor) override;
  Status finish_reading(const JournalEnd&) override { return Status::success(); }
  Status open_log(const JournalPosition& position, std::unique_ptr<BatchLog>& log) override;
  bool needs_opening_batch() const override { return true; }
  std::string name() const override;

 private:
  pg::Result ask(const std::string& sql, const pg::Parameters& parameters);
  Status check_seen(const DataDirectory& directory);
  Status write_header(const DataDirectory& directory);

  const TableOptions options_;
  std::unique_ptr<Leader> leader_;  // null: for reading only
  pg::Connection reading_;
  std::string reading_address_;
  const DataDirectory* directory_ = nullptr;
};

}  // namespace perpetua::journal::postgres
