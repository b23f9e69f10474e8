// Backlog and intake of the history: first in, first out, and nothing twice or left out.
#include "stores/postgres/history_backlog.hpp"
#include "stores/history/history_backend_test_support.hpp"
#include "stores/postgres/history_intake.hpp"

namespace perpetua::stores {
namespace {

using namespace test;

TEST(HistoryBacklog, gives_back_in_order_what_it_was_given_from_memory_and_files) {
  TemporaryFolder folder;
  HistoryBacklog backlog(folder.file(""), 1ull << 30);
  BatchNumber next_out = 1;
  BatchNumber next_in = 1;
  const auto push = [&](int count) {
    for (int i = 0; i < count; ++i, ++next_in) {
      const RecordedBatch batch = thoughts_batch(next_in, next_in, 50, 2'000);
      HistoryBatch copy = make_history_batch(batch.view());
      copy.fund_deposits.push_back({3, Micro(static_cast<int64_t>(next_in))});
      ASSERT_TRUE(backlog.push(std::move(copy)));
    }
  };
  const auto pop = [&](int count) {
    for (int i = 0; i < count; ++i, ++next_out) {
      const auto batch = backlog.pop();
      ASSERT_TRUE(batch);
      ASSERT_EQ(batch->number, next_out);
      ASSERT_EQ(batch->log_time_ms, 1'700'000'000'000);
      ASSERT_EQ(batch->events.size(), 50u);
      ASSERT_EQ(batch->events[49].event.thought_posted.thought_id, next_out + 49);
      ASSERT_EQ(event_text(batch->events[49].text, batch->text), std::string(2'000, 'x'));
      ASSERT_EQ(batch->fund_deposits[0].amount, Micro(static_cast<int64_t>(next_out)));
    }
  };
  push(1'200);  // 130 MB: three files
  EXPECT_GT(backlog.file_bytes(), 64u << 20);
  pop(700);
  push(300);
  pop(800);
  EXPECT_TRUE(backlog.is_empty());
  EXPECT_EQ(backlog.bytes(), 0u);
  push(10);
  pop(10);
  EXPECT_FALSE(backlog.pop());
  EXPECT_EQ(backlog.failure(), "");
}

TEST(HistoryBacklog, tells_a_folder_that_takes_no_files) {
  HistoryBacklog backlog("/nonexistent", 1ull << 30);
  bool is_taken = true;
  for (BatchNumber number = 1; is_taken && number < 1'000; ++number) {
    is_taken = backlog.push(make_history_batch(thoughts_batch(number, 1, 50, 2'000).view()));
  }
  EXPECT_FALSE(is_taken);
  EXPECT_NE(backlog.failure().find("/nonexistent"), std::string::npos) << backlog.failure();
}

HistoryBatch small_batch(BatchNumber number, uint32_t rows = 1) {
  return make_history_batch(thoughts_batch(number, 100 * number, rows, 1'000).view());
}

class HistoryIntakeTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  // Room for about twenty batches of one row.
  HistoryIntake intake_{{folder_.file(""), 10'000, 10'000, true}};

  void add_until(BatchNumber last) {
    while (intake_.handed_over() < last) {
      ASSERT_TRUE(intake_.add(small_batch(intake_.handed_over() + 1)));
    }
  }
  // What a writer would do next: `from the journal` up to missing, else what was taken.
  std::vector<BatchNumber> next(BatchNumber& missing) {
    std::vector<BatchNumber> numbers;
    missing = intake_.find_missing();
    if (missing != 0) {
      for (BatchNumber n = intake_.committed() + 1; n <= missing; ++n) numbers.push_back(n);
      intake_.set_committed(missing);
      return numbers;
    }
    std::vector<HistoryBatch> group;
    const BatchNumber last = intake_.take(group, 5'000);
    for (const HistoryBatch& batch : group) numbers.push_back(batch.number);
    intake_.set_committed(last);
    return numbers;
  }
  std::vector<BatchNumber> all() {
    std::vector<BatchNumber> numbers;
    BatchNumber missing = 0;
    while (intake_.committed() < intake_.handed_over()) {
      const auto some = next(missing);
      numbers.insert(numbers.end(), some.begin(), some.end());
    }
    return numbers;
  }
  static std::vector<BatchNumber> numbers(BatchNumber first, BatchNumber last) {
    std::vector<BatchNumber> result;
    for (BatchNumber n = first; n <= last; ++n) result.push_back(n);
    return result;
  }
};

TEST_F(HistoryIntakeTest, without_a_full_backlog_nothing_is_missing) {
  add_until(10);
  EXPECT_EQ(intake_.find_missing(), 0u);
  EXPECT_EQ(intake_.missing_batches(), 0u);
  EXPECT_EQ(all(), numbers(1, 10));
  EXPECT_TRUE(intake_.is_empty());
}

TEST_F(HistoryIntakeTest, what_a_full_backlog_dropped_is_missing_after_what_it_kept) {
  add_until(1'000);
  const uint64_t dropped = intake_.missing_batches();
  EXPECT_GT(dropped, 950u);
  EXPECT_LT(dropped, 1'000u);
  BatchNumber missing = 0;
  EXPECT_EQ(next(missing).front(), 1u) << "the backlog first";
  EXPECT_EQ(missing, 0u);
  EXPECT_EQ(intake_.missing_batches(), dropped) << "nothing is kept before the backlog is empty";
  EXPECT_EQ(all(), numbers(intake_.committed() + 1, 1'000));
  EXPECT_EQ(intake_.missing_batches(), 0u);
}

TEST_F(HistoryIntakeTest, new_batches_are_kept_while_the_missing_ones_are_read) {
  add_until(200);
  BatchNumber missing = 0;
  while (intake_.find_missing() == 0) next(missing);
  const BatchNumber first = intake_.committed() + 1;
  add_until(205);
  EXPECT_EQ(next(missing), numbers(first, 200));
  EXPECT_EQ(missing, 200u);
  EXPECT_EQ(all(), numbers(201, 205));
  add_until(1'000);  // and once more
  EXPECT_EQ(all(), numbers(206, 1'000));
}

TEST_F(HistoryIntakeTest, a_database_that_is_older_than_before_gets_what_it_lost_first) {
  add_until(10);
  BatchNumber missing = 0;
  next(missing);
  const BatchNumber committed = intake_.committed();
  ASSERT_LT(committed, 10u);
  intake_.set_committed(2);
  EXPECT_EQ(next(missing), numbers(3, committed));
  EXPECT_EQ(missing, committed);
  EXPECT_EQ(all(), numbers(committed + 1, 10));
}

TEST_F(HistoryIntakeTest, after_a_start_without_the_database_all_it_lacks_is_missing) {
  intake_.begin_after(50);
  add_until(55);
  EXPECT_EQ(intake_.missing_batches(), 55u) << "it is not known what the database has";
  intake_.set_committed(30);
  EXPECT_EQ(intake_.missing_batches(), 25u);
  EXPECT_EQ(all(), numbers(31, 55));
}

TEST_F(HistoryIntakeTest, that_may_not_drop_says_that_it_is_full) {
  HistoryIntake strict({folder_.file(""), 10'000, 10'000, false});
  while (strict.handed_over() < 100 && strict.add(small_batch(strict.handed_over() + 1))) continue;
  EXPECT_LT(strict.handed_over(), 100u);
  EXPECT_NE(strict.failure().find("full"), std::string::npos) << strict.failure();
}

}  // namespace
}  // namespace perpetua::stores
