// TableReader: every batch of the journal table in order, each verified before it is handed out.
//
// Verified: row numbers gap-free, the columns against the record in the body, cluster id, schema
// hash, CRC32C, the hash chain (the row before the first one wanted is its anchor), epochs, log
// time and event sequence never decreasing. A row exists or not, so there is no torn tail: whatever
// does not fit is corruption, named by its row.
//
// Memory: one page of kPageRows rows. Thread-safety: one thread. Changes nothing.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/pg/connection.hpp"
#include "journal/data_directory.hpp"
#include "journal/journal.hpp"

namespace perpetua::journal::postgres {

class TableReader final : public BatchLogReader {
 public:
  // Runs one statement on a connection of the caller's.
  using Ask = std::function<pg::Result(const std::string& sql, const pg::Parameters& parameters)>;

  TableReader(Ask ask, const ClusterId& cluster_id, std::string name, BatchNumber from);

  ReadStatus next(StoredBatch& batch) override;
  const JournalEnd& end() const override { return end_; }
  std::string place_of(const StoredBatch& batch) const override;
  std::string part_of(const StoredBatch& batch) const override;

 private:
  ReadStatus refuse(BatchNumber row, const std::string& reason);
  ReadStatus finish();
  bool read_page();
  bool read_anchor();
  const char* read_row(StoredBatch& batch);

  Ask ask_;
  ClusterId cluster_id_;
  uint32_t crc_seed_;
  BatchNumber next_;  // row
  pg::Result page_;
  int row_ = 0;  // of the page
  bool is_last_page_ = false;
  bool is_started_ = false;
  std::vector<std::byte> record_;
  ChainState chain_;
  JournalEnd end_;
  std::optional<ReadStatus> finished_;
};

}  // namespace perpetua::journal::postgres
