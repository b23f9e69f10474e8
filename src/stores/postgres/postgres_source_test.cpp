// Reads over a primary with three streaming replicas: shared out, right, and served whatever stops.
#include "stores/history/history_backend_test_support.hpp"

namespace perpetua::stores {
namespace {

using namespace test;

class Replicas : public testing::Test {
 protected:
  static constexpr std::size_t kReplicas = 3;

  Replicas() {
    // Made before the replicas, so they begin with the tables.
    url_ = new_database(primary_);
    writer_ = std::make_unique<PostgresHistoryWriter>(writer_options(url_, folder_.file("")));
    write();
    PostgresReaderOptions options = reader_options(url_);
    options.read_ms = 2'000;
    const std::string database = url_.substr(url_.rfind('/') + 1);
    for (std::size_t i = 0; i < kReplicas; ++i) {
      replicas_.push_back(primary_.make_replica());
      options.replica_urls.push_back(replicas_.back()->url(database));
    }
    auto source =
        std::make_unique<PostgresSource>(options, [this] { return writer_->applied_batch(); });
    source_ = source.get();
    reader_ = std::make_unique<HistoryReader>(std::move(source));
  }

  // One batch with one thought, whose id is the batch's number.
  void write() {
    ++written_;
    writer_->apply(thoughts_batch(written_, written_, 1, 10).view());
    ASSERT_TRUE(writer_->flush()) << writer_->last_error();
  }
  uint64_t newest() { return reader_->thoughts(std::nullopt, {{}, 1}).rows.at(0).thought_id; }
  std::size_t in_rotation() {
    std::size_t count = 0;
    for (const ReplicaStatus& status : source_->replicas()) count += status.is_in_rotation;
    return count;
  }
  bool all_are_in() {
    return eventually([this] { return in_rotation() == kReplicas; });
  }
  // What a gateway does: a read that must see the last write waits until that is shown.
  uint64_t newest_awaited() {
    const BatchNumber wanted = written_;
    EXPECT_TRUE(eventually([&] { return source_->shown_batch() >= wanted; }));
    return newest();
  }
  void run_at(pg::test::TestServer& server, const std::string& sql) {
    pg::Connection connection;
    ASSERT_TRUE(connection.open({.url = server.url()}).ok());
    const pg::Result result = connection.run(sql);
    ASSERT_TRUE(result.ok()) << result.error().message;
  }

  TemporaryFolder folder_;
  pg::test::TestServer primary_;
  std::string url_;
  std::unique_ptr<PostgresHistoryWriter> writer_;
  BatchNumber written_ = 0;
  std::vector<std::unique_ptr<pg::test::TestServer>> replicas_;
  PostgresSource* source_ = nullptr;
  std::unique_ptr<HistoryReader> reader_;
};

TEST_F(Replicas, reads_go_to_replicas_and_see_what_was_written_before) {
  ASSERT_TRUE(all_are_in());
  for (int i = 0; i < 100; ++i) {
    write();
    ASSERT_EQ(newest_awaited(), written_);
  }
  const PostgresReaderCounts counts = source_->counts();
  ASSERT_EQ(counts.replica_reads.size(), replicas_.size());
  for (const uint64_t reads : counts.replica_reads) EXPECT_GT(reads, 10u);
  EXPECT_EQ(counts.failures, 0u);
}

TEST_F(Replicas, one_that_stops_is_left_out_and_comes_back) {
  ASSERT_TRUE(all_are_in());
  replicas_[1]->kill_hard();
  for (int i = 0; i < 30; ++i) {
    write();
    ASSERT_EQ(newest_awaited(), written_);
  }
  ASSERT_TRUE(eventually([this] { return in_rotation() == kReplicas - 1; }));
  EXPECT_FALSE(source_->replicas()[1].error.empty());
  replicas_[1]->start();
  EXPECT_TRUE(all_are_in());
  EXPECT_EQ(source_->counts().failures, 0u);
}

TEST_F(Replicas, one_that_lags_is_left_out_and_no_read_is_older_than_promised) {
  ASSERT_TRUE(all_are_in());
  run_at(*replicas_[0], "SELECT pg_wal_replay_pause()");
  for (int i = 0; i < 30; ++i) {
    write();
    ASSERT_EQ(newest_awaited(), written_);
  }
  const auto status = source_->replicas();
  EXPECT_FALSE(status[0].is_in_rotation);
  EXPECT_TRUE(status[0].is_answering) << status[0].error;
  EXPECT_LT(status[0].applied_batch, written_);
  EXPECT_GT(status[0].lag_ms, 250);
  EXPECT_GT(status[1].replayed_bytes, status[0].replayed_bytes);
  run_at(*replicas_[0], "SELECT pg_wal_replay_resume()");
  EXPECT_TRUE(all_are_in());
}

TEST_F(Replicas, a_frozen_one_costs_one_deadline_at_most) {
  ASSERT_TRUE(all_are_in());
  replicas_[2]->freeze();
  for (int i = 0; i < 20; ++i) {
    write();
    ASSERT_EQ(newest_awaited(), written_);
  }
  EXPECT_TRUE(eventually([this] { return in_rotation() == kReplicas - 1; }));
  EXPECT_EQ(source_->counts().failures, 0u);
  replicas_[2]->thaw();
  EXPECT_TRUE(all_are_in());
}

TEST_F(Replicas, without_the_primary_reads_are_served_and_writes_wait) {
  ASSERT_TRUE(all_are_in());
  const uint64_t before = newest_awaited();
  primary_.stop();
  writer_->apply(thoughts_batch(written_ + 1, written_ + 1, 1, 10).view());
  for (int i = 0; i < 100; ++i) ASSERT_EQ(newest(), before);
  EXPECT_EQ(source_->counts().failures, 0u);
  EXPECT_FALSE(writer_->failed());
  ++written_;
  primary_.start();
  ASSERT_TRUE(writer_->flush()) << writer_->last_error();
  EXPECT_EQ(newest_awaited(), written_);
}

TEST_F(Replicas, without_any_server_a_read_is_unavailable_not_empty) {
  ASSERT_TRUE(all_are_in());
  primary_.stop();
  for (auto& replica : replicas_) replica->stop();
  EXPECT_THROW(newest(), HistoryUnavailable);
  EXPECT_THROW(reader_->order(1, 1), HistoryUnavailable);
  EXPECT_GE(source_->counts().failures, 2u);
  primary_.start();
  EXPECT_EQ(newest(), written_) << "connections are made anew";
}

TEST_F(Replicas, with_every_replica_behind_the_primary_serves) {
  ASSERT_TRUE(all_are_in());
  for (auto& replica : replicas_) run_at(*replica, "SELECT pg_wal_replay_pause()");
  for (int i = 0; i < 5; ++i) {
    write();
    ASSERT_EQ(newest_awaited(), written_);
  }
  EXPECT_EQ(in_rotation(), 0u);
  const uint64_t before = source_->counts().primary_reads;
  EXPECT_EQ(newest(), written_);
  EXPECT_GT(source_->counts().primary_reads, before);
}

}  // namespace
}  // namespace perpetua::stores
