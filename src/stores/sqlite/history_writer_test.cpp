#include "stores/sqlite/history_writer.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

#include "stores/history/history_test_support.hpp"

namespace perpetua::stores {
namespace {

using namespace test;

template <class Condition>
bool within_seconds(int seconds, Condition&& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

void write_history(const std::string& path, const std::vector<RecordedBatch>& batches,
                   std::size_t count) {
  HistoryWriter writer(options_for(path));
  replay(writer, batches, count);
  ASSERT_TRUE(writer.flush());
  ASSERT_EQ(writer.applied_batch(), count);
}

TEST(HistoryWriter, a_new_file_is_missing_and_then_kept) {
  TemporaryFolder folder;
  const auto batches = Flow(1).take(20);
  {
    HistoryWriter writer(options_for(folder.file("h.db")));
    EXPECT_EQ(writer.rebuild_reason(), "missing");
    EXPECT_EQ(writer.applied_batch(), 0u);
    replay(writer, batches, 20);
  }
  HistoryWriter writer(options_for(folder.file("h.db")));
  EXPECT_EQ(writer.rebuild_reason(), "");
  EXPECT_EQ(writer.applied_batch(), 20u);
}

TEST(HistoryWriter, each_batch_counts_once_wherever_the_file_was_reopened) {
  TemporaryFolder folder;
  const auto batches = Flow(2).take(120);
  write_history(folder.file("reference.db"), batches, batches.size());
  const std::string reference = dump(folder.file("reference.db"));
  EXPECT_GT(reference.size(), 10'000u);
  for (std::size_t cut = 1; cut < batches.size(); cut += 7) {
    const std::string path = folder.file("cut" + std::to_string(cut) + ".db");
    write_history(path, batches, cut);
    write_history(path, batches, batches.size());
    ASSERT_EQ(dump(path), reference) << "reopened after batch " << cut;
  }
}

TEST(HistoryWriter, groups_of_any_size_leave_the_same_rows) {
  TemporaryFolder folder;
  const auto batches = Flow(3).take(80);
  write_history(folder.file("one.db"), batches, batches.size());
  {
    HistoryWriter writer(options_for(folder.file("many.db")));
    for (const RecordedBatch& batch : batches) {
      writer.apply(batch.view());
      ASSERT_TRUE(writer.flush());
      ASSERT_EQ(writer.applied_batch(), batch.number);
    }
  }
  EXPECT_EQ(dump(folder.file("many.db")), dump(folder.file("one.db")));
}

TEST(HistoryWriter, a_file_of_another_cluster_or_ahead_of_the_journal_is_rebuilt) {
  TemporaryFolder folder;
  const std::string path = folder.file("h.db");
  const auto batches = Flow(4).take(10);
  write_history(path, batches, 10);
  HistoryOptions options = options_for(path);
  options.journal_batch = 9;
  {
    HistoryWriter writer(options);
    EXPECT_EQ(writer.rebuild_reason(), "ahead of the journal");
    EXPECT_EQ(writer.applied_batch(), 0u);
    replay(writer, batches, 9);
  }
  options.journal_batch = 100;
  options.cluster_id = kCluster + 1;
  HistoryWriter writer(options);
  EXPECT_EQ(writer.rebuild_reason(), "other cluster");
  EXPECT_EQ(writer.applied_batch(), 0u);
}

TEST(HistoryWriter, a_file_of_another_schema_version_is_rebuilt) {
  TemporaryFolder folder;
  const std::string path = folder.file("h.db");
  write_history(path, Flow(4).take(5), 5);
  {
    Database database;
    ASSERT_TRUE(database.open(path, OpenMode::read_write));
    ASSERT_TRUE(database.execute("UPDATE meta SET value = 99 WHERE name = 'schema_version'"));
  }
  EXPECT_EQ(HistoryWriter(options_for(path)).rebuild_reason(), "other schema version");
}

TEST(HistoryWriter, damage_anywhere_in_the_file_is_found_and_the_file_rebuilt) {
  TemporaryFolder folder;
  const auto batches = Flow(5).take(150);
  write_history(folder.file("reference.db"), batches, batches.size());
  const std::string reference = dump(folder.file("reference.db"));
  const auto size = std::filesystem::file_size(folder.file("reference.db"));
  for (const uint64_t place : {uint64_t{0}, size / 3 / 4096 * 4096, size / 2 / 4096 * 4096}) {
    const std::string path = folder.file("damaged.db");
    std::filesystem::copy_file(folder.file("reference.db"), path,
                               std::filesystem::copy_options::overwrite_existing);
    {
      std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(static_cast<std::streamoff>(place));
      file << std::string(4096, '\xA5');
    }
    HistoryWriter writer(options_for(path));
    EXPECT_EQ(writer.rebuild_reason(), "damaged") << place;
    replay(writer, batches, batches.size());
    ASSERT_TRUE(writer.flush());
    EXPECT_EQ(dump(path), reference);
  }
}

TEST(HistoryWriter, a_file_cut_short_is_rebuilt) {
  TemporaryFolder folder;
  const std::string path = folder.file("h.db");
  write_history(path, Flow(5).take(150), 150);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_EQ(HistoryWriter(options_for(path)).rebuild_reason(), "damaged");
}

TEST(HistoryWriter, a_folder_that_is_not_there_is_a_start_up_error) {
  EXPECT_THROW(HistoryWriter(options_for("/nonexistent/folder/h.db")), std::runtime_error);
}

// Runs `body` in a child process and returns its process id.
template <class Body>
pid_t in_child(Body&& body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(0);
  }
  return child;
}

TEST(HistoryWriter, killed_in_the_middle_applied_batch_and_rows_agree) {
  TemporaryFolder folder;
  const auto batches = Flow(6).take(400);
  const std::string path = folder.file("killed.db");
  std::size_t done = 0;
  for (int round = 1; round <= 6 && done < batches.size(); ++round) {
    const pid_t child = in_child([&] {
      HistoryWriter writer(options_for(path));
      for (const RecordedBatch& batch : batches) {
        writer.apply(batch.view());
        if (batch.number > done && batch.number % 3 == 0) writer.flush();
      }
      pause();
    });
    const std::size_t wanted = done + 1 + static_cast<std::size_t>(round) * 5;
    ASSERT_TRUE(within_seconds(60, [&] {
      Database database;
      if (!database.open(path, OpenMode::read_only)) return false;
      Statement select(database, "SELECT value FROM meta WHERE name = 'applied_batch'");
      return select.step() == Statement::Step::row &&
             static_cast<std::size_t>(select.next_int()) >= wanted;
    }));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    {
      HistoryWriter writer(options_for(path));
      EXPECT_EQ(writer.rebuild_reason(), "");
      done = writer.applied_batch();
      EXPECT_GE(done, wanted);
    }
    const std::string reference = folder.file("reference" + std::to_string(round) + ".db");
    write_history(reference, batches, done);
    ASSERT_EQ(dump(path), dump(reference)) << "killed after batch " << done;
  }
}

TEST(HistoryWriter, a_full_disk_fails_the_writer_and_the_next_start_goes_on) {
  TemporaryFolder folder;
  const auto batches = Flow(7).take(400);
  const std::string path = folder.file("h.db");
  const pid_t child = in_child([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit file_size{300'000, 300'000};
    setrlimit(RLIMIT_FSIZE, &file_size);
    bool has_failed = false;
    {
      HistoryWriter writer(options_for(path));
      replay(writer, batches, batches.size());
      has_failed = !writer.flush() && writer.failed() && !writer.failure().empty();
    }
    _exit(has_failed ? 42 : 1);
  });
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  ASSERT_EQ(WEXITSTATUS(status), 42);
  {
    HistoryWriter writer(options_for(path));
    EXPECT_EQ(writer.rebuild_reason(), "");
    EXPECT_LT(writer.applied_batch(), batches.size());
  }
  write_history(path, batches, batches.size());
  write_history(folder.file("reference.db"), batches, batches.size());
  EXPECT_EQ(dump(path), dump(folder.file("reference.db")));
}

TEST(HistoryWriter, events_that_do_not_fit_fail_it_and_the_file_is_rebuilt) {
  TemporaryFolder folder;
  const std::string path = folder.file("h.db");
  {
    HistoryWriter writer(options_for(path));
    RecordedBatch batch;
    batch.number = 1;
    Event closing(EventType::order_closed, 1, 0, kNoCommand);
    closing.order_closed.order_id = 12345;
    batch.output.events.push_back(closing);
    writer.apply(batch.view());
    EXPECT_FALSE(writer.flush());
    EXPECT_TRUE(writer.failed());
    EXPECT_EQ(writer.applied_batch(), 0u);
    batch.number = 2;
    writer.apply(batch.view());  // dropped, not waited for
  }
  EXPECT_EQ(HistoryWriter(options_for(path)).rebuild_reason(), "damaged");
}

TEST(HistoryWriter, a_full_queue_makes_the_caller_wait_and_loses_nothing) {
  TemporaryFolder folder;
  const std::string path = folder.file("h.db");
  HistoryWriter writer(options_for(path));
  Database blocker;
  ASSERT_TRUE(blocker.open(path, OpenMode::read_write));
  ASSERT_TRUE(blocker.execute("BEGIN IMMEDIATE"));
  constexpr int kBatches = 150;  // about 30 MB
  std::atomic<int> handed_over{0};
  std::thread exchange([&] {
    for (int i = 0; i < kBatches; ++i) {
      const auto number = static_cast<BatchNumber>(i + 1);
      writer.apply(thoughts_batch(number, 1 + 100 * static_cast<uint64_t>(i), 100, 2'000).view());
      handed_over = i + 1;
    }
  });
  EXPECT_TRUE(within_seconds(
      60, [&] { return writer.queued_bytes() + 300'000 > history_limits::kQueueBytesMax; }));
  EXPECT_LE(writer.queued_bytes(), history_limits::kQueueBytesMax);
  EXPECT_LT(handed_over.load(), kBatches);
  ASSERT_TRUE(blocker.execute("ROLLBACK"));
  exchange.join();
  ASSERT_TRUE(writer.flush());
  EXPECT_EQ(writer.applied_batch(), static_cast<BatchNumber>(kBatches));
  EXPECT_EQ(writer.queued_bytes(), 0u);
  HistoryReader reader(path);
  EXPECT_EQ(reader.thoughts(std::nullopt, {}).rows.front().thought_id, 100u * kBatches);
}

TEST(HistoryWriter, the_oldest_rows_go_once_a_table_is_too_long) {
  TemporaryFolder folder;
  const std::string path = folder.file("h.db");
  HistoryOptions options = options_for(path);
  options.retention.thoughts = 1'000;
  HistoryWriter writer(options);
  for (BatchNumber number = 1; number <= 12; ++number) {
    writer.apply(thoughts_batch(number, 1 + (number - 1) * 1'000, 1'000, 5).view());
  }
  ASSERT_TRUE(writer.flush());
  Database database;
  ASSERT_TRUE(database.open(path, OpenMode::read_only));
  Statement select(database, "SELECT count(*), max(thought_id) FROM thoughts");
  ASSERT_EQ(select.step(), Statement::Step::row);
  const int64_t rows = select.next_int();
  EXPECT_GE(rows, 1'000);
  EXPECT_LE(rows, 11'000);
  EXPECT_EQ(select.next_int(), 12'000);
}

}  // namespace
}  // namespace perpetua::stores
