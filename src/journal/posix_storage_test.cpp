// The same journal on real files: names, locks, pre-allocation, two starts.
#include <gtest/gtest.h>

#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "journal/journal_test_support.hpp"
#include "journal/snapshot_store.hpp"

namespace perpetua::journal {
namespace {

using namespace testing;

class PosixStorage : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = ::testing::TempDir() + "journal_posix_" + std::to_string(::getpid());
    std::filesystem::remove_all(path_);
  }
  void TearDown() override { std::filesystem::remove_all(path_); }
  std::string path_;
};

TEST_F(PosixStorage, keeps_a_journal_over_two_starts) {
  uint64_t hash = 0;
  {
    Session session(posix_storage(), small_segments(), path_);
    for (int i = 0; i < 20; ++i) session.append_group(3, 4);
    SnapshotStore store(session.directory);
    ASSERT_TRUE(store.write(*session.engine, session.writer->last_hash()).ok());
    session.append_group(1);
    hash = session.engine->state_hash();
  }
  Session session(posix_storage(), small_segments(), path_);
  EXPECT_EQ(session.recovered.last_batch, 61u);
  EXPECT_EQ(session.recovered.snapshot_batch, 60u);
  EXPECT_EQ(session.engine->state_hash(), hash);
  EXPECT_EQ(read_journal(posix_storage(), path_).status, ReadStatus::end);
}

TEST_F(PosixStorage, a_segment_has_its_full_size_before_it_is_used) {
  Session session(posix_storage(), small_segments(), path_);
  const std::string segment = path_ + "/journal/" + segment_name(1);
  EXPECT_EQ(std::filesystem::file_size(segment), kTestSegmentBytes);
  session.append_group(1);
  EXPECT_EQ(std::filesystem::file_size(segment), kTestSegmentBytes);
}

TEST_F(PosixStorage, gives_errno_values) {
  Storage& storage = posix_storage();
  std::unique_ptr<File> file;
  EXPECT_EQ(storage.open(path_ + "/none", OpenMode::read, file), ENOENT);
  EXPECT_EQ(storage.remove(path_ + "/none"), ENOENT);
  EXPECT_EQ(storage.rename(path_ + "/none", path_ + "/other"), ENOENT);
  EXPECT_EQ(storage.sync_directory(path_), ENOENT);
  std::vector<std::string> names;
  EXPECT_EQ(storage.list(path_, names), ENOENT);
  ASSERT_EQ(storage.make_directory(path_), 0);
  ASSERT_EQ(storage.make_directory(path_), 0);
  ASSERT_EQ(storage.open(path_ + "/a", OpenMode::create, file), 0);
  EXPECT_EQ(storage.open(path_ + "/a", OpenMode::create, file), EEXIST);
  ASSERT_EQ(storage.open(path_ + "/a", OpenMode::read, file), 0);
  EXPECT_EQ(file->write_some(0, "x", 1).error, EBADF);
  ASSERT_EQ(storage.list(path_, names), 0);
  EXPECT_EQ(names, std::vector<std::string>{"a"});
}

TEST_F(PosixStorage, knows_memory_file_systems_as_volatile) {
  if (!std::filesystem::exists("/dev/shm")) GTEST_SKIP() << "no tmpfs here";
  EXPECT_TRUE(posix_storage().is_volatile("/dev/shm"));
}

}  // namespace
}  // namespace perpetua::journal
