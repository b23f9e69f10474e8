// How far streams of commands have been taken, as a part of the engine's state: docs/rules.md 8.
#include <gtest/gtest.h>

#include "engine/test_support.hpp"

namespace perpetua {
namespace {

using namespace test;

Command consume(uint16_t stream, StreamPosition last) {
  Command command(CommandType::consume_stream);
  command.consume = ConsumeStream{last, 0, 0, stream, {}};
  return command;
}

struct StreamsTest : ::testing::Test {
  Rig rig;

  ResultCode take(uint16_t stream, StreamPosition last) {
    const Outcome outcome = rig.run_one(consume(stream, last), "origins");
    EXPECT_TRUE(rig.output.events.empty());
    return outcome.code;
  }
  StreamPosition position(uint16_t stream) const { return rig.engine.stream_position(stream); }
};

TEST_F(StreamsTest, a_position_only_rises) {
  EXPECT_EQ(position(3), StreamPosition{});
  EXPECT_EQ(take(3, {5, 0}), ResultCode::ok);
  EXPECT_EQ(take(3, {5, 1}), ResultCode::ok);
  for (const StreamPosition stale : {StreamPosition{5, 1}, {5, 0}, {4, 9}, {0, 0}}) {
    EXPECT_EQ(take(3, stale), ResultCode::invalid_request);
    EXPECT_EQ(position(3), (StreamPosition{5, 1}));
  }
  EXPECT_EQ(take(3, {6, 0}), ResultCode::ok);
  EXPECT_EQ(position(3), (StreamPosition{6, 0}));
  EXPECT_EQ(position(2), StreamPosition{});
}

TEST_F(StreamsTest, every_stream_has_a_position_and_there_are_no_others) {
  for (uint16_t stream = 0; stream < limits::kStreamsMax; ++stream) {
    EXPECT_EQ(take(stream, {1, stream}), ResultCode::ok);
  }
  EXPECT_EQ(position(limits::kStreamsMax - 1), (StreamPosition{1, limits::kStreamsMax - 1}));
  EXPECT_EQ(take(limits::kStreamsMax, {9, 9}), ResultCode::invalid_request);
  EXPECT_EQ(take(0xFFFF, {9, 9}), ResultCode::invalid_request);
}

TEST_F(StreamsTest, agents_cannot_move_one) {
  const AgentId agent = rig.add_agent(Micro(1'000'000));
  Command command = consume(0, {5, 0});
  command.header.agent = agent;
  EXPECT_EQ(rig.run_one(command).code, ResultCode::invalid_request);
  EXPECT_EQ(position(0), StreamPosition{});
}

TEST_F(StreamsTest, positions_are_saved_restored_and_hashed) {
  Rig other;
  take(0, {7, 1});
  take(64, {9, 2});
  EXPECT_EQ(other.run_one(consume(0, {7, 1})).code, ResultCode::ok);
  EXPECT_EQ(other.run_one(consume(64, {9, 3})).code, ResultCode::ok);
  EXPECT_NE(rig.engine.state_hash(), other.engine.state_hash());

  VectorSink sink;
  rig.engine.save(sink);
  Engine loaded;
  MemorySource source(sink.bytes().data(), sink.bytes().size());
  ASSERT_TRUE(loaded.load(source));
  EXPECT_EQ(loaded.stream_position(0), (StreamPosition{7, 1}));
  EXPECT_EQ(loaded.stream_position(64), (StreamPosition{9, 2}));
  EXPECT_EQ(loaded.state_hash(), rig.engine.state_hash());
  MemorySource cut(sink.bytes().data(), sink.bytes().size() - 1);
  Engine broken;
  EXPECT_FALSE(broken.load(cut));
}

TEST_F(StreamsTest, the_commands_behind_it_run_whether_it_is_taken_or_not) {
  rig.open_market(make_spec(), Price(60'000));
  const AgentId agent = rig.add_agent(Micro(1'000'000'000'000));
  rig.add(consume(0, {5, 0}));
  rig.add(limit(agent, Side::buy, 59'000, 10'000));
  rig.add(consume(0, {5, 0}));
  rig.add(limit(agent, Side::buy, 59'000, 10'000));
  const std::vector<Outcome>& outcomes = rig.run().outcomes;
  EXPECT_EQ(outcomes[0].code, ResultCode::ok);
  EXPECT_EQ(outcomes[1].code, ResultCode::ok);
  EXPECT_EQ(outcomes[2].code, ResultCode::invalid_request);
  EXPECT_EQ(outcomes[3].code, ResultCode::ok);
}

}  // namespace
}  // namespace perpetua
