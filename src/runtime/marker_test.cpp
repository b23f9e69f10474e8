// Commands that came by a stream: they and their marker are never in two batches.
#include <gtest/gtest.h>

#include <atomic>

#include "runtime/runtime_test_support.hpp"

namespace perpetua::runtime {
namespace {

using namespace testing_support;

// A listener for batches that begin or end in the middle of what came by one marker.
class MarkerListener final : public EgressListener {
 public:
  void on_batch(const AppliedBatch& batch, std::span<const ReplyTarget>) override {
    EXPECT_LE(batch.commands.size(), limits::kBatchCommandsMax);
    EXPECT_LE(batch.text.size(), limits::kBatchTextBytesMax);
    for (std::size_t i = 0; i < batch.commands.size(); ++i) {
      const Command& command = batch.commands[i];
      if (command.header.type != CommandType::consume_stream) continue;
      EXPECT_EQ(batch.outcomes[i].code, ResultCode::ok);
      EXPECT_LE(i + 1 + command.consume.command_count, batch.commands.size());
      markers += 1;
    }
    sizes.push_back(batch.commands.size());
    commands += batch.commands.size();
  }
  std::vector<std::size_t> sizes;
  uint64_t markers = 0;
  std::atomic<uint64_t> commands{0};
};

std::vector<Submission> make_marked(uint32_t count, std::size_t text_bytes, uint64_t id) {
  std::vector<Submission> group{make_submission(Command(CommandType::consume_stream), "who")};
  ConsumeStream& consumed = group[0].command.consume;
  consumed.last = {id, 0};
  consumed.command_count = count;
  consumed.text_bytes = static_cast<uint32_t>(count * text_bytes);
  for (uint32_t i = 0; i < count; ++i) {
    group.push_back(
        make_submission(make_order(1, 0, Side::buy, 99'000), std::string(text_bytes, 'r')));
  }
  return group;
}

// Everything lies in the ring before the start, so the batches are as full as they get.
class MarkerTest : public RuntimeTest {
 protected:
  // Single commands with texts of these sizes, then two groups; how many commands each batch got.
  std::vector<std::size_t> sizes_of_batches(const std::vector<std::size_t>& texts, uint32_t group,
                                            std::size_t group_bytes) {
    MarkerListener listener;
    RuntimeOptions options = make_options();
    options.segment_bytes = 8u << 20;  // has room for a whole batch
    Runtime runtime(options);
    EXPECT_TRUE(runtime.recover(0, nullptr).status.ok());
    runtime.add_listener(listener);
    for (const std::size_t bytes : texts) {
      submit(runtime,
             {make_submission(make_order(1, 0, Side::buy, 99'000), std::string(bytes, 's'))});
    }
    submit(runtime, make_marked(group, group_bytes, 1));
    submit(runtime, make_marked(group, group_bytes, 2));
    runtime.start();
    const uint64_t count = texts.size() + 2 * (group + 1);
    EXPECT_TRUE(becomes_true([&] { return listener.commands == count; }));
    EXPECT_TRUE(runtime.stop());
    EXPECT_EQ(listener.markers, 2u);
    EXPECT_EQ(runtime.engine().stream_position(0), (StreamPosition{2, 0}));
    return listener.sizes;
  }
};

constexpr uint32_t kGroup = limits::kOrdersPerRequestMax;
constexpr uint32_t kRoomForOne = limits::kBatchCommandsMax - (kGroup + 1);
using Sizes = std::vector<std::size_t>;

TEST_F(MarkerTest, a_group_fills_the_batch_to_its_last_command) {
  EXPECT_EQ(sizes_of_batches(Sizes(kRoomForOne), kGroup, 0),
            (Sizes{limits::kBatchCommandsMax, kGroup + 1}));
}

TEST_F(MarkerTest, a_batch_without_room_for_the_whole_group_ends_before_its_marker) {
  EXPECT_EQ(sizes_of_batches(Sizes(kRoomForOne + 1), kGroup, 0),
            (Sizes{kRoomForOne + 1, 2 * (kGroup + 1)}));
}

// 20 texts of 8,000 bytes and "who" are left room for, and a byte less.
constexpr std::size_t kTextBytes = 8'000;
constexpr std::size_t kLeft = limits::kBatchTextBytesMax - (20 * kTextBytes + 3);

TEST_F(MarkerTest, a_group_fills_the_batch_to_its_last_byte_of_text) {
  Sizes texts(kLeft / kTextBytes, kTextBytes);
  texts.push_back(kLeft % kTextBytes);
  EXPECT_EQ(sizes_of_batches(texts, 20, kTextBytes), (Sizes{texts.size() + 21, 21}));
}

TEST_F(MarkerTest, a_batch_without_room_for_the_text_of_the_group_ends_before_its_marker) {
  Sizes texts(kLeft / kTextBytes, kTextBytes);
  texts.push_back(kLeft % kTextBytes + 1);
  EXPECT_EQ(sizes_of_batches(texts, 20, kTextBytes), (Sizes{texts.size(), 42}));
}

}  // namespace
}  // namespace perpetua::runtime
