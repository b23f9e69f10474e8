// Shared by the tests of the follower: an exchange over a journal in memory, followers of it, and a
// listener that keeps all it was given.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/follower.hpp"
#include "runtime/memory_journal.hpp"
#include "runtime/runtime_test_support.hpp"

namespace perpetua::runtime::testing_support {

// What a batch showed, in comparable form; targets apart, for they are everybody's own.
class Witness final : public EgressListener, public journal::ReplaySink {
 public:
  void on_batch(const AppliedBatch& batch) override {
    std::string seen;
    add(seen, &batch.number, sizeof batch.number);
    add(seen, &batch.log_time_ms, sizeof batch.log_time_ms);
    add(seen, &batch.first_event, sizeof batch.first_event);
    add(seen, batch.commands.data(), batch.commands.size_bytes());
    add(seen, batch.outcomes.data(), batch.outcomes.size_bytes());
    add(seen, batch.events.data(), batch.events.size_bytes());
    seen += batch.text;
    batches.push_back(std::move(seen));
    numbers.push_back(batch.number);
  }
  void on_batch(const AppliedBatch& batch, std::span<const ReplyTarget> targets) override {
    EXPECT_EQ(targets.size(), batch.commands.size());
    on_batch(batch);
    for (const ReplyTarget& target : targets) tokens.push_back(target.token);
  }

  std::vector<std::string> batches;
  std::vector<BatchNumber> numbers;
  std::vector<uint64_t> tokens;

 private:
  static void add(std::string& seen, const void* data, std::size_t size) {
    seen.append(static_cast<const char*>(data), size);
  }
};

class FollowerTest : public RuntimeTest {
 protected:
  RuntimeOptions leading(const std::string& folder) {
    RuntimeOptions options = make_options();
    options.data_dir = folder;
    options.journal = &journal_;
    return options;
  }

  // A leader from its start to its stop: `commands` that trade, some batches of them.
  void lead(uint64_t commands, EgressListener* listener = nullptr) {
    Recorder recorder;
    auto runtime = make_running(leading("/leader"), listener != nullptr ? *listener : recorder);
    for (uint64_t number = 0; number < commands; ++number) {
      clock_.set(clock_.now_ms() + 1);
      submit(*runtime, {make_flow(1, number)});
      if (number % 7 == 0) {
        ASSERT_TRUE(becomes_true([&] {
          return runtime->metrics().released_batch == runtime->metrics().applied_batch &&
                 runtime->metrics().commands == number + 1;
        }));
      }
    }
    EXPECT_TRUE(runtime->stop());
    state_hash_ = runtime->engine().state_hash();
    last_batch_ = runtime->engine().last_batch();
  }

  FollowerOptions following(const std::string& folder = "/replica") {
    FollowerOptions options;
    options.data_dir = folder;
    options.cluster_id = journal_.cluster_id();
    options.journal = &journal_;
    options.storage = &storage_;
    return options;
  }

  std::unique_ptr<Follower> recovered(FollowerOptions options) {
    auto follower = std::make_unique<Follower>(std::move(options));
    const journal::RecoveryResult result = follower->recover(0, nullptr);
    EXPECT_TRUE(result.status.ok()) << result.status.message;
    return follower;
  }

  // A follower that stands behind batch `at` of all that was written.
  std::unique_ptr<Follower> follower_at(BatchNumber at, FollowerOptions options) {
    const std::vector<Record> all = journal_.records();
    journal_.set_records({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(at)});
    auto follower = recovered(std::move(options));
    journal_.set_records(all);
    EXPECT_EQ(follower->last_batch(), at);
    return follower;
  }
  std::unique_ptr<Follower> follower_at(BatchNumber at) { return follower_at(at, following()); }

  // Takes the record; the reason if it was refused.
  static std::string reason(Follower& follower, std::span<const std::byte> record) {
    std::string why;
    const uint64_t before = follower.engine().state_hash();
    EXPECT_EQ(follower.take(record, why), Follower::Taken::refused);
    EXPECT_EQ(follower.engine().state_hash(), before);
    return why;
  }
  static Follower::Taken take(Follower& follower, std::span<const std::byte> record) {
    std::string why;
    const Follower::Taken taken = follower.take(record, why);
    EXPECT_EQ(why, "");
    return taken;
  }
  // The rest of what was written, one record after the other.
  void take_rest(Follower& follower) {
    const std::vector<Record> records = journal_.records();
    for (std::size_t i = follower.last_batch(); i < records.size(); ++i) {
      ASSERT_EQ(take(follower, records[i]), Follower::Taken::applied) << i;
    }
  }
  void expect_same_state(const Follower& follower) const {
    EXPECT_EQ(follower.last_batch(), last_batch_);
    EXPECT_EQ(follower.engine().last_batch(), last_batch_);
    EXPECT_EQ(follower.engine().state_hash(), state_hash_);
  }

  MemoryJournal journal_;
  uint64_t state_hash_ = 0;
  BatchNumber last_batch_ = 0;
};

}  // namespace perpetua::runtime::testing_support
