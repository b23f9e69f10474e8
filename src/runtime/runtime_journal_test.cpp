// The runtime over a journal that may say "not yet": what waits, what leaves, what is given up.
#include <gtest/gtest.h>

#include "journal/file_journal.hpp"
#include "runtime/runtime_test_support.hpp"

namespace perpetua::runtime {
namespace {

using namespace testing_support;

// Segment files behind a gate: while it is closed, a commit reaches at most `durable_at_most`.
class GatedJournal final : public journal::Journal {
 public:
  journal::Status attach(const journal::DataDirectory& directory) override {
    return files_.attach(directory);
  }
  std::unique_ptr<journal::BatchLogReader> read(BatchNumber from, BatchNumber floor) override {
    return files_.read(from, floor);
  }
  journal::Status finish_reading(const journal::JournalEnd& end) override {
    return files_.finish_reading(end);
  }
  journal::Status open_log(const journal::JournalPosition& position,
                           std::unique_ptr<journal::BatchLog>& log) override {
    std::unique_ptr<journal::BatchLog> inner;
    const journal::Status opened = files_.open_log(position, inner);
    if (opened.ok()) log = std::make_unique<Log>(*this, std::move(inner));
    return opened;
  }
  bool needs_opening_batch() const override { return true; }
  std::string name() const override { return "gated"; }

  void close(BatchNumber durable_at_most = 0) {
    durable_at_most_ = durable_at_most;
    is_open_ = false;
    if (is_short_ != nullptr) *is_short_ = true;
  }
  void open() { is_open_ = true; }

 private:
  class Log final : public journal::BatchLog {
   public:
    Log(GatedJournal& owner, std::unique_ptr<journal::BatchLog> inner)
        : owner_(owner), inner_(std::move(inner)), durable_(inner_->durable_batch()) {}
    journal::AppendResult append(const BatchInput& batch, uint64_t first_event) override {
      return inner_->append(batch, first_event);
    }
    bool commit() override {
      const BatchNumber reach =
          owner_.is_open_ ? UINT64_MAX : std::max(durable_, owner_.durable_at_most_.load());
      if (!inner_->commit()) return false;
      durable_ = std::min(reach, inner_->durable_batch());
      return durable_ == inner_->last_appended();
    }
    uint64_t epoch() const override { return inner_->epoch(); }
    BatchNumber last_appended() const override { return inner_->last_appended(); }
    uint64_t last_hash() const override { return inner_->last_hash(); }
    BatchNumber durable_batch() const override { return durable_; }
    journal::SpaceState space_state() const override {
      return owner_.is_open_ ? journal::SpaceState::normal : journal::SpaceState::reserve;
    }
    void report_shortage_to(std::atomic<bool>* is_short) override { owner_.is_short_ = is_short; }

   private:
    GatedJournal& owner_;
    std::unique_ptr<journal::BatchLog> inner_;
    BatchNumber durable_;
  };

  journal::WriterOptions writing() const {
    journal::WriterOptions options;
    options.segment_bytes = kSmallSegmentBytes;
    return options;
  }

  journal::FileJournal files_{writing()};
  std::atomic<bool> is_open_{true};
  std::atomic<BatchNumber> durable_at_most_{0};
  std::atomic<std::atomic<bool>*> is_short_{nullptr};
};

class GatedJournalTest : public RuntimeTest {
 protected:
  RuntimeOptions gated() {
    RuntimeOptions options = make_options();
    options.journal = &journal_;
    return options;
  }
  GatedJournal journal_;
};

TEST_F(GatedJournalTest, commands_are_refused_cancels_wait_and_are_answered_when_it_opens) {
  Recorder recorder;
  auto runtime = make_running(gated(), recorder);
  submit(*runtime, {make_flow(1, 0)});
  ASSERT_TRUE(becomes_true([&] { return recorder.replies() == 1; }));
  journal_.close();
  Submission refused = make_flow(1, 1);
  EXPECT_EQ(runtime->submit({&refused, 1}), SubmitResult::unavailable);
  EXPECT_FALSE(runtime->metrics().has_journal_space);
  submit(*runtime, {make_cancel_all(1)});
  ASSERT_TRUE(becomes_true([&] { return runtime->metrics().space_stalls > 2; }));
  EXPECT_EQ(recorder.replies(), 1u);
  journal_.open();
  EXPECT_TRUE(becomes_true([&] { return recorder.replies() == 2; }));
  EXPECT_TRUE(becomes_true([&] { return runtime->metrics().has_journal_space; }));
  EXPECT_TRUE(runtime->stop());
}

TEST_F(GatedJournalTest, what_is_durable_leaves_although_what_follows_is_not) {
  Recorder recorder;
  auto runtime = make_running(gated(), recorder);
  const BatchNumber before = runtime->metrics().durable_batch;
  journal_.close(before + 1);
  for (uint64_t cancels = 1; cancels <= 2; ++cancels) {
    submit(*runtime, {make_cancel_all(1)});
    ASSERT_TRUE(becomes_true([&] { return runtime->metrics().applied_batch == before + cancels; }));
  }
  EXPECT_TRUE(becomes_true([&] { return recorder.last_batch() == before + 1; }));
  journal_.open();
  EXPECT_TRUE(becomes_true([&] { return recorder.last_batch() == before + 2; }));
  EXPECT_TRUE(runtime->stop());
}

TEST_F(GatedJournalTest, stopping_gives_up_what_cannot_be_made_durable) {
  Recorder recorder;
  auto runtime = make_running(gated(), recorder);
  journal_.close();
  submit(*runtime, {make_cancel_all(1)});
  EXPECT_FALSE(runtime->stop());
  EXPECT_EQ(recorder.replies(), 0u);
}

TEST_F(GatedJournalTest, every_start_writes_an_opening_batch_if_the_journal_wants_one) {
  BatchNumber last = 0;
  for (int start = 0; start < 3; ++start) {
    Runtime runtime(gated());
    const auto result = runtime.recover(0, nullptr);
    ASSERT_TRUE(result.status.ok()) << result.status.message;
    EXPECT_EQ(result.last_batch, last + 1);
    last = result.last_batch;
  }
}

}  // namespace
}  // namespace perpetua::runtime
