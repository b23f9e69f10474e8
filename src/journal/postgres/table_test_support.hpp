// Shared by the tests of the journal table: one real server for the program, a new database for
// each test, and an engine's start over it. Test code only; one thread.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "base/pg/test_server.hpp"
#include "journal/journal_test_support.hpp"
#include "journal/postgres/table_journal.hpp"

namespace perpetua::journal::postgres::testing {

using journal::testing::make_batch;
using journal::testing::Session;  // of the file journal
using journal::testing::test_options;
using journal::testing::TestBatch;

inline bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

// A start of the exchange over the table: leads, opens the folder, recovers, opens the log.
struct TableSession {
  TableSession(Storage& storage, const std::string& url);
  TableSession(Storage& storage, TableOptions options);

  AppendResult append(uint32_t command_count = 2) {
    return append(make_batch(log->last_appended() + 1, command_count));
  }
  AppendResult append(const TestBatch& batch);
  void append_group(uint32_t batches, uint32_t command_count = 2);
  bool commit_at_last() {
    return eventually([this] { return log->commit() || over_code != 0; }) && over_code == 0;
  }

  std::atomic<int> over_code{0};
  std::string over_message;  // read it after over_code
  DataDirectory directory;
  Status led;
  RecoveryResult recovered;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<TableJournal> journal;
  std::unique_ptr<BatchLog> log;  // null if the start was refused

 private:
  void start(TableOptions options);
};

class TableTest : public ::testing::Test {
 protected:
  TableTest();

  static pg::test::TestServer& server();
  static std::vector<std::string> safe_settings();  // tests' servers do without fsync otherwise
  // By a connection of its own; its first column as text, row by row, with spaces between.
  std::string run_sql(const std::string& sql) const;
  // Ends the server process of the leader.
  void cut_leader_off() const;
  // The text with which a start over the same database is refused.
  std::string refusal(Storage& storage) const;

  std::string database_;
  std::string url_;
  MemoryStorage storage_;
};

}  // namespace perpetua::journal::postgres::testing
