// For tests of the history: a folder of its own, and all rows of a file as text.
#pragma once

#include <stdlib.h>

#include <filesystem>

#include "stores/flow_test_support.hpp"
#include "stores/history/history_reader.hpp"
#include "stores/sqlite/database.hpp"
#include "stores/sqlite/history_writer.hpp"

namespace perpetua::stores::test {

inline constexpr uint64_t kCluster = 77;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "history-XXXXXX").string();
    PERPETUA_ASSERT(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline HistoryOptions options_for(const std::string& path) {
  HistoryOptions options;
  options.path = path;
  options.cluster_id = kCluster;
  options.journal_batch = 1'000'000'000;
  return options;
}

// As recovery does it: every batch from the writer's applied_batch + 1 on. Older ones are offered
// too, which must change nothing.
inline void replay(HistoryWriter& writer, const std::vector<RecordedBatch>& batches,
                   std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) writer.apply(batches[i].view());
}

// Every row of every table but meta, in key order.
inline std::string dump(const std::string& path) {
  Database database;
  PERPETUA_ASSERT(database.open(path, OpenMode::read_only));
  std::string text;
  for (const char* table :
       {"markets", "agents", "orders", "fills", "ledger", "thoughts", "candles", "fundings",
        "funding_payments", "liquidations", "fund_changes", "position_changes", "market_changes",
        "triggers", "position_ends", "messages", "signals", "violations"}) {
    Statement select(database, std::string("SELECT * FROM ") + table + " ORDER BY 1, 2, 3");
    while (select.step() == Statement::Step::row) {
      text += table;
      const int columns = sqlite3_column_count(select.handle());
      for (int i = 0; i < columns; ++i) text += "|" + select.next_text();
      text += "\n";
    }
  }
  return text;
}

inline BatchNumber applied_in(const std::string& path) {
  return HistoryReader(path, 1).applied_batch();
}

// A batch of synthetic thoughts, for volume.
inline RecordedBatch thoughts_batch(BatchNumber number, uint64_t first_id, int count,
                                    std::size_t text_bytes) {
  RecordedBatch batch;
  batch.number = number;
  batch.log_time_ms = 1'700'000'000'000;
  batch.text = std::string(text_bytes, 'x');
  for (int i = 0; i < count; ++i) {
    Event event(EventType::thought_posted, 1, kNoMarket, kNoCommand);
    event.thought_posted.thought_id = first_id + static_cast<uint64_t>(i);
    event.thought_posted.text = {0, static_cast<uint32_t>(text_bytes)};
    batch.output.events.push_back(event);
  }
  return batch;
}

}  // namespace perpetua::stores::test
