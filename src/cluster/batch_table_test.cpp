// The batch stream over the journal table of a real PostgreSQL: the same bytes in both, and a table
// that goes away while it is read.
#include <gtest/gtest.h>

#include "base/pg/test_server.hpp"
#include "cluster/stream_test_support.hpp"
#include "journal/postgres/table_journal.hpp"

namespace perpetua::cluster {
namespace {

using namespace testing_support;
using journal::postgres::TableJournal;
using journal::postgres::TableOptions;

class BatchTableTest : public StreamTest {
 protected:
  ~BatchTableTest() override { runtime_.reset(); }  // it holds `table_`
  static TableOptions table_options(const std::string& url) {
    TableOptions options;
    options.url = url;
    options.on_over = [](int, const std::string& message) { ADD_FAILURE() << message; };
    return options;
  }
  void start_table_leader() {
    ASSERT_TRUE(table_.lead([] { return false; }).ok());
    runtime::RuntimeOptions options = make_options();
    options.data_dir = "/leader";
    options.journal = &table_;
    runtime_ = std::make_unique<Runtime>(std::move(options));
    const journal::RecoveryResult recovered = runtime_->recover(0, nullptr);
    ASSERT_TRUE(recovered.status.ok()) << recovered.status.message;
    position_ = recovered.position;
    ASSERT_TRUE(reading_.open_to_read().ok());
    ASSERT_TRUE(reading_.cluster_id(cluster_id_).ok());
    publisher_ = std::make_unique<BatchPublisher>(client_, *cluster_id_, position_);
    runtime_->add_listener(*publisher_);
    publisher_->start();
    runtime_->start();
  }
  std::unique_ptr<Node> make_table_node(redis::Client* client) {
    runtime::FollowerOptions options;
    options.data_dir = "/replica" + std::to_string(++replicas_);
    options.cluster_id = cluster_id_;
    options.storage = &storage_;
    return std::make_unique<Node>(reading_, client, std::move(options), BatchFeedOptions());
  }
  std::string run_sql(const std::string& sql) const {
    pg::Connection connection;
    pg::ConnectOptions options;
    options.url = url_;
    EXPECT_TRUE(connection.open(options).ok());
    const pg::Result result = connection.run(sql);
    EXPECT_TRUE(result.ok()) << result.error().message;
    std::string rows;
    for (int row = 0; row < result.rows(); ++row) rows += result.bytes(row, 0);
    return rows;
  }

  redis::TestServer server_;
  StartedClient client_{quick(server_.client_options())};
  pg::test::TestServer database_{pg::test::native_installation(),
                                 {"fsync=on", "full_page_writes=on", "synchronous_commit=on"}};
  const std::string url_ = database_.create_database("journal");
  TableJournal table_{table_options(url_)};
  TableJournal reading_{table_options(url_)};
  std::optional<journal::ClusterId> cluster_id_;
};

TEST_F(BatchTableTest, what_is_published_are_the_bytes_of_the_table) {
  start_table_leader();
  auto node = make_table_node(&client_);
  node->feed->start();
  ASSERT_TRUE(node->is_subscribed());
  for (int round = 0; round < 5; ++round) {
    submit_flow(*runtime_, 1, flow_, 200);  // groups of several batches
    flow_ += 200;
    trade(1);
  }
  stop_leader();
  expect_followed(*node);
  std::string published;
  const std::string key = batch_log_key(0);
  const redis::Reply entries = one(client_, Request(key, {"XRANGE", key, "-", "+"}));
  for (const redis::Reply& entry : entries.elements) {
    published += entry.elements[1].elements[1].text.substr(sizeof(MessageHeader));
  }
  const std::string stored = run_sql("SELECT body FROM journal WHERE batch_seq >= " +
                                     std::to_string(position_.next_batch) + " ORDER BY batch_seq");
  EXPECT_GT(stored.size(), 1'000u * 128);
  EXPECT_TRUE(published == stored);
}

TEST_F(BatchTableTest, a_reader_whose_connection_is_cut_reads_on) {
  start_table_leader();
  auto node = make_table_node(nullptr);
  node->feed->start();
  for (int round = 0; round < 5; ++round) {
    trade(5);
    ASSERT_TRUE(node->reaches(newest()));
    run_sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
        "'perpetua journal' AND query LIKE 'SELECT batch_seq%' AND pid <> ALL (SELECT pid "
        "FROM pg_locks WHERE locktype = 'advisory')");
  }
  stop_leader();
  expect_followed(*node);
  EXPECT_GT(node->status().table_failures, 0u);
}

}  // namespace
}  // namespace perpetua::cluster
