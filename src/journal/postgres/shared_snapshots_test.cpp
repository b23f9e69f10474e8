// Snapshots that processes share through the journal's database.
#include "journal/postgres/shared_snapshots.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "journal/crc32c.hpp"
#include "journal/postgres/table_test_support.hpp"

namespace perpetua::journal::postgres {
namespace {

using namespace testing;

class SharedSnapshotsTest : public TableTest {
 protected:
  // `batches` more batches and a snapshot behind them.
  BatchNumber take_snapshot(TableSession& session, uint32_t batches) {
    session.append_group(batches);
    SnapshotStore store(session.directory);
    EXPECT_TRUE(store.write(*session.engine, session.log->last_hash()).ok());
    return session.engine->last_batch();
  }
  // Of 2.5 MiB, which are three parts. Bytes are bytes, whatever they mean.
  BatchNumber take_large_snapshot(TableSession& session) {
    const BatchNumber batch = take_snapshot(session, 3);
    std::vector<std::byte> bytes = bytes_of(session.directory, batch);
    SnapshotHeader header;
    std::memcpy(&header, bytes.data(), sizeof header);
    bytes.resize(5u << 19);
    for (std::size_t i = sizeof header; i < bytes.size(); ++i) {
      bytes[i] = static_cast<std::byte>(i * 2'654'435'761u >> 13);
    }
    header.body_length = bytes.size() - sizeof header;
    header.body_crc32c = crc32c(bytes.data() + sizeof header, header.body_length);
    header.crc32c = snapshot_header_crc(header);
    std::memcpy(bytes.data(), &header, sizeof header);
    const std::string path = SnapshotStore(session.directory).path_of(batch);
    const std::string name = path.substr(path.rfind('/') + 1);
    EXPECT_TRUE(
        write_whole(storage_, session.directory.snapshots_path(), name, bytes.data(), bytes.size())
            .ok());
    return batch;
  }
  BatchNumber publish(const DataDirectory& directory) {
    BatchNumber published = 0;
    const Status status = SharedSnapshots(url_).publish(directory, published);
    EXPECT_TRUE(status.ok()) << status.message;
    return published;
  }
  // A process with a folder of its own that has just started.
  struct Process {
    explicit Process(const ClusterId& id) : directory(storage) {
      EXPECT_TRUE(directory.open({"/own", false, [&] { return id; }}).ok());
    }
    MemoryStorage storage;
    DataDirectory directory;
  };
  SharedSnapshots::Fetched fetch(const DataDirectory& directory) {
    SharedSnapshots::Fetched fetched;
    const Status status = SharedSnapshots(url_).fetch(directory, fetched);
    EXPECT_TRUE(status.ok()) << status.message;
    return fetched;
  }
  static std::vector<std::byte> bytes_of(const DataDirectory& directory, BatchNumber batch) {
    std::vector<std::byte> bytes;
    const std::string path = SnapshotStore(directory).path_of(batch);
    EXPECT_EQ(read_whole(directory.storage(), path, bytes, UINT32_MAX), 0);
    return bytes;
  }
  static std::vector<std::string> files_of(const DataDirectory& directory) {
    std::vector<std::string> names;
    EXPECT_EQ(directory.storage().list(directory.snapshots_path(), names), 0);
    return names;
  }
};

TEST_F(SharedSnapshotsTest, a_process_that_starts_takes_the_newest_and_replays_the_rest) {
  TableSession session(storage_, url_);
  take_snapshot(session, 3);
  EXPECT_EQ(publish(session.directory), 3u);
  take_snapshot(session, 4);
  EXPECT_EQ(publish(session.directory), 7u);
  session.append_group(2);
  Process process(session.directory.cluster_id());
  EXPECT_EQ(fetch(process.directory).batch, 7u);
  EXPECT_EQ(bytes_of(process.directory, 7), bytes_of(session.directory, 7));
  EXPECT_EQ(files_of(process.directory).size(), 1u);  // nothing temporary is left

  TableOptions options;
  options.url = url_;
  TableJournal journal(options);
  ASSERT_TRUE(journal.open_to_read().ok());
  ASSERT_TRUE(journal.attach(process.directory).ok());
  std::unique_ptr<Engine> engine;
  InlineExecutor executor;
  const RecoveryResult recovered =
      recover(process.directory, journal, {}, executor, nullptr, engine);
  ASSERT_TRUE(recovered.status.ok()) << recovered.status.message;
  EXPECT_EQ(recovered.snapshot_batch, 7u);
  EXPECT_EQ(recovered.replayed_batches, 2u);
  EXPECT_EQ(engine->state_hash(), session.engine->state_hash());
}

TEST_F(SharedSnapshotsTest, the_newest_two_are_kept_and_none_is_published_twice) {
  TableSession session(storage_, url_);
  EXPECT_EQ(publish(session.directory), 0u);  // there is none
  for (int i = 0; i < 4; ++i) {
    const BatchNumber batch = take_snapshot(session, 2);
    EXPECT_EQ(publish(session.directory), batch);
    EXPECT_EQ(publish(session.directory), 0u);
  }
  EXPECT_EQ(run_sql("SELECT DISTINCT batch FROM journal_snapshot ORDER BY batch"), "6 8");
}

TEST_F(SharedSnapshotsTest, what_is_not_newer_than_a_local_one_is_not_fetched) {
  TableSession session(storage_, url_);
  EXPECT_EQ(fetch(session.directory).batch, 0u);  // there is no table
  take_snapshot(session, 3);
  publish(session.directory);
  EXPECT_EQ(fetch(session.directory).batch, 0u);
  take_snapshot(session, 3);
  EXPECT_EQ(fetch(session.directory).batch, 0u);
}

TEST_F(SharedSnapshotsTest, large_ones_go_in_parts) {
  TableSession session(storage_, url_);
  const BatchNumber batch = take_large_snapshot(session);
  EXPECT_EQ(publish(session.directory), batch);
  EXPECT_EQ(run_sql("SELECT count(*) FROM journal_snapshot WHERE parts = 3"), "3");
  Process process(session.directory.cluster_id());
  EXPECT_EQ(fetch(process.directory).batch, batch);
  EXPECT_EQ(bytes_of(process.directory, batch), bytes_of(session.directory, batch));
}

TEST_F(SharedSnapshotsTest, a_publisher_pauses_between_parts_and_leaves_nothing_if_it_gives_up) {
  TableSession session(storage_, url_);
  take_snapshot(session, 3);
  publish(session.directory);
  const BatchNumber batch = take_large_snapshot(session);
  SharedSnapshots shared(url_);
  BatchNumber published = 0;
  int pauses = 0;
  const auto once = [&] { return ++pauses < 2; };
  const Status given_up = shared.publish(session.directory, published, once);
  EXPECT_FALSE(given_up.ok());
  EXPECT_EQ(pauses, 2);
  EXPECT_EQ(published, 0u);
  EXPECT_EQ(run_sql("SELECT DISTINCT batch FROM journal_snapshot"), "3");
  pauses = 0;
  const Status whole = shared.publish(session.directory, published, [&] { return ++pauses > 0; });
  EXPECT_TRUE(whole.ok()) << whole.message;
  EXPECT_EQ(pauses, 2);
  EXPECT_EQ(published, batch);
}

TEST_F(SharedSnapshotsTest, a_damaged_one_is_told_and_the_one_before_is_taken) {
  TableSession session(storage_, url_);
  take_snapshot(session, 3);
  publish(session.directory);
  take_snapshot(session, 3);
  publish(session.directory);
  const std::string newest = "UPDATE journal_snapshot SET ";
  const std::vector<std::pair<std::string, std::string>> damages = {
      {"crc = crc + 1", "checksum of part 0"},
      {"crc = crc - 1, parts = 2", "part 1 is missing"},
      {"parts = 1, bytes = set_byte(bytes, 200, get_byte(bytes, 200) # 1), crc = $",
       "checksum of the body"},
  };
  for (auto [change, reason] : damages) {
    if (change.back() == '$') {
      // A part that is whole, of a file that is not.
      std::vector<std::byte> bytes = bytes_of(session.directory, 6);
      bytes[200] ^= std::byte{1};
      change.back() = ' ';
      change += std::to_string(crc32c(bytes.data(), bytes.size()));
    }
    run_sql(newest + change + " WHERE batch = 6");
    Process process(session.directory.cluster_id());
    const SharedSnapshots::Fetched fetched = fetch(process.directory);
    EXPECT_EQ(fetched.batch, 3u) << reason;
    ASSERT_EQ(fetched.rejected.size(), 1u) << reason;
    EXPECT_NE(fetched.rejected[0].find(reason), std::string::npos) << fetched.rejected[0];
    EXPECT_EQ(files_of(process.directory).size(), 1u);
  }
}

TEST_F(SharedSnapshotsTest, one_of_another_exchange_is_not_taken) {
  TableSession session(storage_, url_);
  take_snapshot(session, 3);
  publish(session.directory);
  Process process(ClusterId{9, 9, 9});
  const SharedSnapshots::Fetched fetched = fetch(process.directory);
  EXPECT_EQ(fetched.batch, 0u);
  ASSERT_EQ(fetched.rejected.size(), 1u);
  EXPECT_NE(fetched.rejected[0].find("cluster id"), std::string::npos) << fetched.rejected[0];
  EXPECT_EQ(files_of(process.directory).size(), 0u);
}

TEST_F(SharedSnapshotsTest, many_may_publish_and_fetch_at_once) {
  TableSession session(storage_, url_);
  BatchNumber newest = 0;
  for (int round = 0; round < 3; ++round) {
    newest = take_snapshot(session, 2);
    std::atomic<int> times{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 6; ++i) {
      threads.emplace_back([&, i] {
        if (i % 3 == 0) {
          const Process process(session.directory.cluster_id());
          fetch(process.directory);
        } else {
          times += publish(session.directory) != 0 ? 1 : 0;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(times, 1);
  }
  EXPECT_EQ(run_sql("SELECT count(*) FROM journal_snapshot"), "2");
  Process process(session.directory.cluster_id());
  EXPECT_EQ(fetch(process.directory).batch, newest);
}

TEST_F(SharedSnapshotsTest, a_publisher_that_is_cut_off_leaves_nothing) {
  TableSession session(storage_, url_);
  take_snapshot(session, 3);
  publish(session.directory);
  take_snapshot(session, 3);
  run_sql(
      "CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN PERFORM "
      "pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$ LANGUAGE plpgsql; "
      "CREATE TRIGGER refuse AFTER INSERT ON journal_snapshot EXECUTE FUNCTION refuse()");
  BatchNumber published = 0;
  const Status status = SharedSnapshots(url_).publish(session.directory, published);
  EXPECT_EQ(status.error, ENOTCONN) << status.message;
  EXPECT_EQ(published, 0u);
  EXPECT_EQ(run_sql("SELECT DISTINCT batch FROM journal_snapshot"), "3");
}

}  // namespace
}  // namespace perpetua::journal::postgres
