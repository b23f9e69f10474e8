#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "journal/journal_writer.hpp"
#include "journal/snapshot_store.hpp"
#include "runtime/gated_storage.hpp"
#include "runtime/runtime_test_support.hpp"
#include "runtime/snapshotter.hpp"

namespace perpetua::runtime {
namespace {

using namespace testing_support;

constexpr uint64_t kAboutTwoSegments = 2 * kSmallSegmentBytes + kSmallSegmentBytes / 2;

class FaultTest : public RuntimeTest {
 protected:
  void set_capacity(uint64_t bytes) {
    journal::Faults faults;
    faults.capacity_bytes = bytes;
    storage_.set_faults(faults);
  }

  static bool is_accepted(Runtime& runtime, Submission submission) {
    return runtime.submit({&submission, 1}) == SubmitResult::accepted;
  }
};

TEST_F(FaultTest, a_full_disk_refuses_orders_keeps_cancels_and_ends_with_space) {
  Recorder recorder;
  set_capacity(kAboutTwoSegments);
  auto runtime = make_running(make_options(), recorder);
  uint64_t accepted = 0;
  // Not far ahead of the disk: what is accepted before the refusal must fit the small segment.
  constexpr uint64_t kAheadMax = 1'000;
  const auto is_unavailable = [&] {
    if (accepted - recorder.replies() > kAheadMax) return false;
    std::vector<Submission> one{make_flow(1, accepted)};
    const SubmitResult result = runtime->submit(one);
    if (result == SubmitResult::accepted) ++accepted;
    return result == SubmitResult::unavailable;
  };
  ASSERT_TRUE(becomes_true(is_unavailable));
  EXPECT_FALSE(runtime->metrics().has_journal_space);
  EXPECT_GT(runtime->metrics().refused_unavailable, 0u);

  EXPECT_TRUE(is_accepted(*runtime, make_cancel_all(1)));
  ASSERT_TRUE(becomes_true([&] { return recorder.replies() == accepted + 1; }));
  EXPECT_FALSE(is_accepted(*runtime, make_flow(1, accepted)));

  set_capacity(UINT64_MAX);
  EXPECT_TRUE(becomes_true([&] { return is_accepted(*runtime, make_flow(1, accepted)); }));
  EXPECT_TRUE(runtime->stop());
  EXPECT_EQ(recorder.replies(), accepted + 2);
}

class ExhaustedTest : public FaultTest {
 protected:
  // Cancels until the reserve is used up, too.
  void exhaust(Runtime& runtime, uint64_t& accepted) {
    ASSERT_TRUE(becomes_true([&] {
      if (is_accepted(runtime, make_flow(1, accepted)) ||
          is_accepted(runtime, make_cancel_all(1))) {
        ++accepted;
      }
      return runtime.metrics().space_stalls > 0;
    }));
  }
};

TEST_F(ExhaustedTest, what_was_accepted_is_answered_once_there_is_space_again) {
  Recorder recorder;
  set_capacity(kAboutTwoSegments);
  auto runtime = make_running(make_options(), recorder);
  uint64_t accepted = 0;
  exhaust(*runtime, accepted);
  EXPECT_LT(recorder.replies(), accepted);
  set_capacity(UINT64_MAX);
  EXPECT_TRUE(becomes_true([&] { return recorder.replies() == accepted; }));
  EXPECT_TRUE(runtime->stop());
}

TEST_F(ExhaustedTest, stop_gives_up_and_the_next_start_has_exactly_what_was_answered) {
  Recorder recorder;
  set_capacity(kAboutTwoSegments);
  auto runtime = make_running(make_options(), recorder);
  uint64_t accepted = 0;
  exhaust(*runtime, accepted);
  EXPECT_FALSE(runtime->stop());
  EXPECT_LT(recorder.replies(), accepted);
  EXPECT_EQ(runtime->metrics().snapshots, 0u);
  runtime.reset();
  set_capacity(UINT64_MAX);
  Runtime next(make_options());
  const auto result = next.recover(0, nullptr);
  ASSERT_TRUE(result.status.ok()) << result.status.message;
  EXPECT_EQ(result.last_batch, recorder.last_batch());
}

// Tests that end a process, and tests on real files.
class ProcessTest : public RuntimeTest {
 protected:
  static constexpr const char* kFolderVariable = "PERPETUA_RUNTIME_TEST_FOLDER";

  ProcessTest() {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    // A death test runs this again in a new process, on the same folder.
    const char* inherited = std::getenv(kFolderVariable);
    is_parent_ = inherited == nullptr;
    std::string pattern = std::filesystem::temp_directory_path() / "perpetua-runtime-XXXXXX";
    folder_ = is_parent_ ? mkdtemp(pattern.data()) : inherited;
    setenv(kFolderVariable, folder_.c_str(), 1);
  }
  ~ProcessTest() override {
    if (!is_parent_) return;
    unsetenv(kFolderVariable);
    std::filesystem::remove_all(folder_);
  }

  RuntimeOptions make_file_options() {
    RuntimeOptions options = make_options();
    options.data_dir = folder_ + "/data";
    options.storage = nullptr;
    return options;
  }

  // Counts what was answered in a file, then dies at the crash point.
  void run_until_crash(const char* crash_point) {
    struct AckLog final : EgressListener {
      explicit AckLog(const std::string& path) : file(path, std::ios::app) {}
      void on_batch(const AppliedBatch& batch, std::span<const ReplyTarget>) override {
        file << std::string(batch.outcomes.size(), '+') << std::flush;
      }
      std::ofstream file;
    } acks(folder_ + "/acks");
    setenv("PERPETUA_CRASH_POINT", crash_point, 1);
    auto runtime = make_running(make_file_options(), acks);
    for (uint64_t number = 0;; ++number) submit(*runtime, {make_flow(1, number)});
  }

  bool is_parent_ = true;
  std::string folder_;
};

#ifdef PERPETUA_CRASH_POINTS
class CrashTest : public ProcessTest, public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Egress, CrashTest,
                         ::testing::Values("egress_before_listeners:1",
                                           "egress_before_listeners:30", "egress_after_listeners:1",
                                           "egress_after_listeners:30",
                                           "journal_after_write_before_sync:10"));

TEST_P(CrashTest, a_killed_exchange_has_lost_nothing_that_it_answered) {
  EXPECT_EXIT(run_until_crash(GetParam()), ::testing::KilledBySignal(SIGKILL), "");
  struct Count final : journal::ReplaySink {
    void on_batch(const AppliedBatch& batch) override { commands += batch.commands.size(); }
    uint64_t commands = 0;
  } recovered;
  Runtime runtime(make_file_options());
  const auto result = runtime.recover(0, &recovered);
  ASSERT_TRUE(result.status.ok()) << result.status.message;
  const uint64_t answered = std::filesystem::file_size(folder_ + "/acks");
  EXPECT_GE(recovered.commands, make_genesis().size() + answered);
}
#endif

TEST_F(ProcessTest, a_sync_error_ends_the_process_with_its_own_code) {
  const auto run_into_error = [this] {
    Recorder recorder;
    auto runtime = make_running(make_options(), recorder);
    journal::Faults faults;
    faults.fail_sync_at = 3;
    storage_.set_faults(faults);
    for (uint64_t number = 0;; ++number) submit(*runtime, {make_flow(1, number)});
  };
  EXPECT_EXIT(run_into_error(), ::testing::ExitedWithCode(journal::kExitSyncError), "durable");
}

TEST_F(ProcessTest, snapshots_are_taken_while_running_and_recover_the_state_of_their_batch) {
  if (!kCanFork) GTEST_SKIP() << "no forked snapshots under a sanitizer";
  RuntimeOptions options = make_file_options();
  options.snapshot_every_commands = 500;
  Recorder recorder;
  auto runtime = make_running(options, recorder);
  uint64_t number = 0;
  ASSERT_TRUE(becomes_true([&] {
    submit(*runtime, {make_flow(1, number++)});
    return runtime->metrics().snapshots >= 2;
  }));
  EXPECT_EQ(runtime->metrics().snapshot_failures, 0u);
  EXPECT_TRUE(runtime->stop());
  const uint64_t state_hash = runtime->engine().state_hash();
  const BatchNumber last = runtime->engine().last_batch();
  runtime.reset();

  journal::DataDirectory directory(journal::posix_storage());
  ASSERT_TRUE(directory.open_read_only(options.data_dir).ok());
  const journal::SnapshotStore store(directory);
  const std::vector<BatchNumber> stored = store.list();
  EXPECT_LE(stored.size(), kSnapshotsKept);
  ASSERT_GE(stored.size(), 2u);
  ASSERT_EQ(stored.back(), last);  // the one of stop(); the one before is a child's
  const BatchNumber taken = stored[stored.size() - 2];
  std::filesystem::remove(store.path_of(last));
  Runtime next(options);
  const auto result = next.recover(last, nullptr);
  ASSERT_TRUE(result.status.ok()) << result.status.message;
  EXPECT_EQ(result.snapshot_batch, taken);
  EXPECT_EQ(next.engine().state_hash(), state_hash);
}

TEST_F(ProcessTest, a_snapshot_is_not_written_before_its_batch_is_durable) {
  if (!kCanFork) GTEST_SKIP() << "no forked snapshots under a sanitizer";
  GatedStorage storage(gate_);
  RuntimeOptions options = make_file_options();
  options.storage = &storage;
  options.snapshot_every_commands = 10;
  Recorder recorder;
  auto runtime = make_running(options, recorder);
  const auto opener = gate_.close();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  for (uint64_t number = 0; std::chrono::steady_clock::now() < deadline; ++number) {
    if (number < limits::kBatchesInFlightMax / 2) submit(*runtime, {make_flow(1, number)});
    ASSERT_TRUE(std::filesystem::is_empty(options.data_dir + "/snapshots"));
  }
  EXPECT_TRUE(becomes_true(
      [&] { return runtime->metrics().commands >= options.snapshot_every_commands; }));
  EXPECT_TRUE(std::filesystem::is_empty(options.data_dir + "/snapshots"));
  gate_.open();
  EXPECT_TRUE(becomes_true([&] { return runtime->metrics().snapshots > 0; }));
}

}  // namespace
}  // namespace perpetua::runtime
