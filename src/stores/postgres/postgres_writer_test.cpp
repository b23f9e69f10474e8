// The writer of PostgreSQL: the same rows as SQLite, each once; text, scans, weeks.
#include "stores/postgres/postgres_test_support.hpp"

namespace perpetua::stores {
namespace {

using namespace test;

class PostgresWriter : public PostgresHistoryTest {};

TEST_P(PostgresWriter, holds_the_rows_that_sqlite_holds) {
  const auto batches = Flow(31).take(300);
  const std::string path = folder_.file("h.db");
  {
    HistoryWriter writer(options_for(path));
    replay(writer, batches, batches.size());
  }
  ReaderPool file(path, 1);
  const auto embedded = checksum_history(file, ChecksumTables::shared);
  const std::string url = new_database(server());
  write_all(url, batches, batches.size());
  PostgresSource source(reader_options(url), [] { return BatchNumber{0}; });
  const auto remote = checksum_history(source, ChecksumTables::shared);
  EXPECT_EQ(text_of(remote), text_of(embedded));
  uint64_t rows = 0;
  for (const TableChecksum& table : remote) rows += table.rows;
  EXPECT_GT(rows, 3'000u);
}

TEST_P(PostgresWriter, a_changed_row_changes_the_checksum_of_its_table_alone) {
  const auto batches = Flow(32).take(60);
  const std::string url = new_database(server());
  write_all(url, batches, batches.size());
  const auto before = checksums(url);
  pg::Connection connection = connected(url);
  ASSERT_TRUE(connection
                  .run("UPDATE fills SET fee = fee + 1 WHERE sequence ="
                       " (SELECT max(sequence) FROM fills)")
                  .ok());
  const auto after = checksums(url);
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(before[i] == after[i], before[i].table != "fills") << before[i].table;
  }
}

TEST_P(PostgresWriter, groups_of_any_size_leave_the_same_rows) {
  const auto batches = Flow(33).take(80);
  const std::string url = new_database(server());
  {
    PostgresHistoryWriter writer(options(url));
    for (const RecordedBatch& batch : batches) {
      writer.apply(batch.view());
      ASSERT_TRUE(writer.flush());
      ASSERT_EQ(writer.applied_batch(), batch.number);
    }
  }
  EXPECT_EQ(rows_in(url), reference(batches));
}

TEST_P(PostgresWriter, rows_wait_for_more_as_long_as_they_are_told_to) {
  const auto batches = Flow(35).take(20);
  const std::string url = new_database(server());
  PostgresWriterOptions patient = options(url);
  patient.group_interval_ms = 3'600'000;
  PostgresHistoryWriter writer(patient);
  for (const RecordedBatch& batch : batches) {
    writer.apply(batch.view());
    ASSERT_EQ(applied_at(url), 0u);  // over a connection of its own: longer than the usual wait
  }
  ASSERT_TRUE(writer.flush()) << writer.failure();
  EXPECT_EQ(applied_at(url), batches.size());
}

TEST_P(PostgresWriter, each_batch_counts_once_wherever_the_writer_was_made_anew) {
  const auto batches = Flow(34).take(120);
  const std::string url = new_database(server());
  for (std::size_t cut = 3; cut < batches.size(); cut += 13) write_all(url, batches, cut);
  write_all(url, batches, batches.size());
  EXPECT_EQ(rows_in(url), reference(batches));
}

TEST_P(PostgresWriter, text_that_is_no_utf8_is_stored_with_replacements) {
  const std::string url = new_database(server());
  RecordedBatch batch = thoughts_batch(1, 1, 1, 1);
  batch.text = std::string("a\0b\xFF\xC3\xA9\\\t\n", 9);
  batch.output.events[0].thought_posted.text = {0, 9};
  {
    PostgresHistoryWriter writer(options(url));
    writer.apply(batch.view());
    ASSERT_TRUE(writer.flush()) << writer.failure();
  }
  PostgresSource* const source =
      new PostgresSource(reader_options(url), [] { return BatchNumber{0}; });
  HistoryReader reader{std::unique_ptr<HistorySource>(source)};
  EXPECT_EQ(reader.thoughts(std::nullopt, {}).rows.at(0).text,
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\xC3\xA9\\\t\n");
}

TEST_P(PostgresWriter, scans_of_any_length_run_side_by_side_and_one_cut_short_is_told) {
  constexpr int64_t kRows = 12'000;  // more than one step of a cursor
  const std::string url = new_database(server());
  PostgresHistoryWriter writer(options(url));
  writer.apply(thoughts_batch(1, 1, kRows, 3).view());
  ASSERT_TRUE(writer.flush()) << writer.failure();
  PostgresSource source(reader_options(url), [] { return BatchNumber{0}; });
  const auto session = source.lend();
  Query& rising = session->scan("SELECT thought_id FROM thoughts ORDER BY thought_id");
  Query& falling = session->scan("SELECT thought_id FROM thoughts ORDER BY thought_id DESC");
  for (int64_t i = 1; i <= kRows; ++i) {
    ASSERT_EQ(rising.step(), Query::Step::row);
    ASSERT_EQ(rising.next_int(), i);
    ASSERT_EQ(falling.step(), Query::Step::row);
    ASSERT_EQ(falling.next_int(), kRows + 1 - i);
  }
  EXPECT_EQ(rising.step(), Query::Step::done);
  rising.reset();
  falling.reset();
  Query& again = session->scan("SELECT thought_id FROM thoughts ORDER BY thought_id");
  ASSERT_EQ(again.step(), Query::Step::row);
  pg::Connection killer = connected(url);
  ASSERT_TRUE(killer
                  .run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                       " WHERE application_name = 'perpetua reader'"
                       " AND datname = current_database()")
                  .ok());
  const auto read_on = [&] {
    while (again.step() == Query::Step::row) continue;
  };
  EXPECT_THROW(read_on(), HistoryUnavailable);
  again.reset();
}

TEST_P(PostgresWriter, time_series_are_split_by_week_and_the_oldest_weeks_go) {
  constexpr int64_t kDayMs = 86'400'000;
  const std::string url = new_database(server());
  PostgresWriterOptions kept = options(url);
  kept.database.retention_days = 30;
  PostgresHistoryWriter writer(kept);
  for (BatchNumber number = 1; number <= 100; ++number) {
    RecordedBatch batch = thoughts_batch(number, number, 1, 5);
    batch.log_time_ms += static_cast<int64_t>(number) * kDayMs;
    writer.apply(batch.view());
    ASSERT_TRUE(writer.flush()) << writer.failure();
  }
  const int64_t rows = number_in(url, "SELECT count(*) FROM thoughts");
  EXPECT_GE(rows, 30);
  EXPECT_LE(rows, 30 + 7);
  EXPECT_EQ(number_in(url, "SELECT max(thought_id) FROM thoughts"), 100);
  const int64_t buckets =
      number_in(url, "SELECT count(DISTINCT perpetua_bucket(604800000, time_ms)) FROM thoughts");
  EXPECT_GE(buckets, 5);
  const bool is_hypertable = GetParam() == DatabaseKind::timescale;
  EXPECT_EQ(number_in(url, "SELECT perpetua_has_timescale()::int"), is_hypertable ? 1 : 0);
}

INSTANTIATE_TEST_SUITE_P(Servers, PostgresWriter, kEveryServer, kind_name);

}  // namespace
}  // namespace perpetua::stores
