// What the writer of PostgreSQL had no room for, was never given, or lost with its server: it comes
// from the journal, and nothing is missing or double.
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "stores/postgres/migrations.hpp"
#include "stores/postgres/postgres_test_support.hpp"

namespace perpetua::stores {
namespace {

using namespace test;

// Every batch that ever was; it begins a few earlier than asked, as a snapshot makes it.
class RecordedJournal final : public MissedBatches {
 public:
  explicit RecordedJournal(const std::vector<RecordedBatch>& batches) : batches_(batches) {}

  std::string read(BatchNumber first, BatchNumber last,
                   const std::function<bool(const AppliedBatch&)>& take) override {
    ++reads;
    {
      std::unique_lock lock(mutex_);
      opened_.wait(lock, [&] { return is_open_; });
    }
    if (!damage.empty()) return damage;
    for (BatchNumber number = first > 3 ? first - 3 : 1; number <= last; ++number) {
      if (!take(batches_[number - 1].view())) return {};
      if (number == disturbed_at) disturb();
    }
    return {};
  }
  void open(bool is_open) {
    const std::lock_guard lock(mutex_);
    is_open_ = is_open;
    opened_.notify_all();
  }

  std::atomic<int> reads{0};
  std::string damage;
  BatchNumber disturbed_at = 0;
  std::function<void()> disturb;

 private:
  const std::vector<RecordedBatch>& batches_;
  std::mutex mutex_;
  std::condition_variable opened_;
  bool is_open_ = true;
};

class PostgresMissed : public PostgresOutageTest {
 protected:
  // Room for some twenty batches.
  PostgresWriterOptions small_options() {
    PostgresWriterOptions small = options(url_);
    small.backlog_memory_bytes_max = 32u << 10;
    small.backlog_bytes_max = 32u << 10;
    small.group_bytes_max = 16u << 10;
    small.start_ms = 100;
    small.missed = &journal_;
    return small;
  }
  void apply(PostgresHistoryWriter& writer, BatchNumber first, BatchNumber last) {
    for (BatchNumber n = first; n <= last; ++n) writer.apply(batches_[n - 1].view());
  }
  void expect_whole(PostgresHistoryWriter& writer) {
    ASSERT_TRUE(writer.flush()) << writer.failure() << writer.last_error();
    EXPECT_EQ(writer.missing_batches(), 0u);
    EXPECT_EQ(writer.queued_bytes(), 0u);
    EXPECT_EQ(rows_in(url_), reference(batches_));
  }

  const std::vector<RecordedBatch> batches_ = Flow(45).take(800);
  RecordedJournal journal_{batches_};
  const std::string url_ = new_database(server_);
};

TEST_F(PostgresMissed, what_a_full_backlog_dropped_is_read_when_the_server_is_back) {
  PostgresHistoryWriter writer(small_options());
  apply(writer, 1, 100);
  ASSERT_TRUE(writer.flush());
  const std::size_t missing_before = writer.missing_batches();
  server_.stop();
  apply(writer, 101, 700);
  EXPECT_FALSE(writer.failed()) << writer.failure();
  EXPECT_GT(writer.missing_batches(), missing_before + 400);
  EXPECT_LT(writer.queued_bytes(), 96u << 10) << "bounded, however long it lasts";
  server_.start();
  apply(writer, 701, 800);
  expect_whole(writer);
  const int64_t fills = number_in(url_, "SELECT count(*) FROM fills");
  EXPECT_GT(fills, 2'000);
  EXPECT_GT(journal_.reads, 0);
}

TEST_F(PostgresMissed, a_backlog_that_is_full_again_meanwhile_is_made_good_again) {
  PostgresHistoryWriter writer(small_options());
  server_.stop();
  apply(writer, 1, 300);
  journal_.open(false);
  server_.start();
  ASSERT_TRUE(eventually([&] { return journal_.reads == 1; }));
  apply(writer, 301, 800);  // while the journal is read
  EXPECT_GT(writer.missing_batches(), 400u);
  journal_.open(true);
  expect_whole(writer);
  EXPECT_GE(journal_.reads, 2);
}

TEST_F(PostgresMissed, a_server_killed_while_the_journal_is_read_doubles_nothing) {
  PostgresHistoryWriter writer(small_options());
  server_.stop();
  apply(writer, 1, 800);
  journal_.disturbed_at = 600;
  std::atomic<bool> is_killed = false;
  journal_.disturb = [&] {
    if (!is_killed.exchange(true)) server_.kill_hard();
  };
  server_.start();
  ASSERT_TRUE(eventually([&] { return is_killed && journal_.reads == 1; }));
  ASSERT_TRUE(eventually([&] { return !writer.is_connected(); }));
  EXPECT_GT(writer.applied_batch(), 300u) << "what was written before stands";
  EXPECT_LT(writer.applied_batch(), 800u);
  server_.start();
  expect_whole(writer);
}

TEST_F(PostgresMissed, a_journal_that_cannot_give_it_ends_the_history_and_says_so) {
  journal_.damage = "00000001.segment: this segment is missing";
  PostgresHistoryWriter writer(small_options());
  server_.stop();
  apply(writer, 1, 800);
  server_.start();
  ASSERT_TRUE(eventually([&] { return writer.failed(); }));
  EXPECT_NE(writer.failure().find("segment is missing"), std::string::npos) << writer.failure();
  EXPECT_FALSE(writer.flush());
  EXPECT_GT(writer.applied_batch(), 0u) << "what the backlog had";
  EXPECT_LT(writer.applied_batch(), 800u);
}

TEST_F(PostgresMissed, a_start_without_the_server_reads_the_journal_once_it_is_there) {
  {
    PostgresHistoryWriter before(options(url_));
    apply(before, 1, 150);
    ASSERT_TRUE(before.flush());
  }
  server_.stop();
  PostgresHistoryWriter writer(small_options());
  EXPECT_FALSE(writer.has_begun());
  EXPECT_NE(writer.last_error(), "");
  writer.begin_after(300);
  apply(writer, 301, 310);
  EXPECT_EQ(writer.missing_batches(), 310u) << "nobody knows what the server has";
  server_.start();
  apply(writer, 311, 800);
  expect_whole(writer);
  EXPECT_TRUE(writer.is_connected());
}

TEST_F(PostgresMissed, a_start_without_the_server_catches_up_while_nothing_happens) {
  server_.stop();
  PostgresHistoryWriter writer(small_options());
  writer.begin_after(800);
  server_.start();
  ASSERT_TRUE(eventually([&] { return writer.applied_batch() == 800; })) << writer.failure();
  expect_whole(writer);
}

TEST_F(PostgresMissed, a_database_of_another_exchange_is_refused_when_it_comes_back) {
  {
    PostgresHistoryWriter before(options(url_));
    apply(before, 1, 150);
    ASSERT_TRUE(before.flush());
  }
  server_.stop();
  PostgresHistoryWriter writer(small_options());
  writer.begin_after(149);
  server_.start();
  ASSERT_TRUE(eventually([&] { return writer.failed(); }));
  EXPECT_NE(writer.failure().find("another journal"), std::string::npos) << writer.failure();
}

TEST_F(PostgresMissed, a_newer_schema_is_refused_at_the_start_as_ever) {
  { PostgresHistoryWriter before(options(url_)); }
  pg::Connection connection = connected(url_);
  ASSERT_TRUE(connection.run("INSERT INTO schema_migrations VALUES (999, 'later')").ok());
  EXPECT_THROW(PostgresHistoryWriter{small_options()}, std::runtime_error);
}

TEST_F(PostgresMissed, a_database_that_goes_back_gets_what_it_lost) {
  PostgresHistoryWriter writer(small_options());
  apply(writer, 1, 200);
  ASSERT_TRUE(writer.flush());
  pg::Connection connection = connected(url_);
  // An empty one in its place, as after a restore of the tables alone.
  ASSERT_TRUE(drop_history(connection).ok());
  ASSERT_TRUE(connection
                  .run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                       " WHERE datname = current_database() AND pid <> pg_backend_pid()")
                  .ok());
  apply(writer, 201, 800);
  expect_whole(writer);
}

}  // namespace
}  // namespace perpetua::stores
