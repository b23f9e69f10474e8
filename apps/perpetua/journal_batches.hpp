// JournalBatches: batches of this exchange's own journal once more, while it is being written on:
// what the history missed. They are made again by an engine beside the running one, from the newest
// snapshot that is old enough or from the beginning. Changes nothing on disk.
#pragma once

#include <string>

#include "stores/history/missed_batches.hpp"

namespace perpetua::app {

class JournalBatches final : public stores::MissedBatches {
 public:
  // `table_url` empty: segment files in the data directory.
  JournalBatches(std::string data_dir, std::string table_url)
      : data_dir_(std::move(data_dir)), table_url_(std::move(table_url)) {}

  std::string read(BatchNumber first, BatchNumber last,
                   const std::function<bool(const AppliedBatch& batch)>& take) override;

 private:
  const std::string data_dir_;
  const std::string table_url_;
};

}  // namespace perpetua::app
