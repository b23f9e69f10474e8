// CommandIntake with a real server: groups, back-pressure, what cannot be read, trimming, stop.
#include "cluster/command_intake.hpp"

#include <atomic>
#include <cstring>
#include <thread>

#include "cluster/cluster_test_support.hpp"
#include "cluster/origin.hpp"
#include "engine/schema/market_spec.hpp"
#include "stores/redis/stream_reader.hpp"

namespace perpetua::cluster {
namespace {

using redis::comes_true;
using redis::one;
using redis::Request;

class CommandIntakeTest : public ::testing::Test {
 protected:
  void start(IntakeStart from = three_markets()) {
    CommandIntakeOptions options;
    options.start = std::move(from);
    options.on_warning = [this](const std::string&) { ++warnings_; };
    intake_ = std::make_unique<CommandIntake>(client_, engine_, std::move(options));
    intake_->start();
  }
  StreamPosition add(const std::string& bytes, const std::string& key = "{BTC-PERP}:commands") {
    const auto reply = one(client_, Request(key, {"XADD", key, "*", kEntryField, bytes}));
    const auto id = redis::parse_stream_id(reply.text);
    EXPECT_TRUE(id) << reply.text;
    return {id->milliseconds, id->sequence};
  }
  static std::string entry(uint64_t token, std::size_t commands = 1) {
    std::vector<runtime::Submission> request;
    for (std::size_t i = 0; i < commands; ++i) {
      request.push_back(make_thought(1, 0, thought_text(1, ++thoughts_)));
    }
    return encode_entry(7, token, request);
  }
  // As the egress thread would, with the one command.
  void release(const Command& command, const std::string& text = {}, uint64_t id = 0) {
    Outcome outcome;
    outcome.id = id;
    AppliedBatch batch;
    batch.commands = {&command, 1};
    batch.outcomes = {&outcome, 1};
    batch.text = text;
    intake_->on_batch(batch, {});
  }

  static inline uint64_t thoughts_ = 0;
  redis::TestServer server_;
  redis::StartedClient client_{server_.client_options()};
  FakeEngine engine_;
  std::atomic<int> warnings_{0};
  std::unique_ptr<CommandIntake> intake_;
};

TEST_F(CommandIntakeTest, GroupsTheEntriesOfAReadBehindMarkers) {
  add(entry(1, 60));
  const StreamPosition second = add(entry(2, 40));
  add(entry(3, 1));
  const StreamPosition last = add(entry(4, 99));
  start();
  EXPECT_TRUE(comes_true([&] { return engine_.texts().size() == 200; }));
  const auto groups = engine_.groups();
  ASSERT_EQ(groups.size(), 2u);
  const Command& marker = groups[0][0].command;
  EXPECT_EQ(marker.header.type, CommandType::consume_stream);
  EXPECT_EQ(marker.consume.stream, 0u);
  EXPECT_EQ(marker.consume.last, second);
  EXPECT_EQ(marker.consume.command_count, 100u);
  std::size_t text_bytes = 0;
  for (std::size_t i = 1; i < groups[0].size(); ++i) text_bytes += groups[0][i].text.size();
  EXPECT_EQ(marker.consume.text_bytes, text_bytes);
  std::vector<Origin> origins;
  ASSERT_TRUE(parse_origins(groups[0][0].text, origins));
  EXPECT_EQ(origins, (std::vector<Origin>{{7, 1, 60}, {7, 2, 40}}));
  EXPECT_EQ(groups[1][0].command.consume.last, last);
  EXPECT_TRUE(are_in_order(engine_.texts()));
}

TEST_F(CommandIntakeTest, TextThatDoesNotFitIntoOneBatchMakesTwoGroups) {
  for (uint64_t token = 1; token <= 2; ++token) {
    std::vector<runtime::Submission> request(90);
    for (runtime::Submission& submission : request) {
      submission.command = Command(CommandType::place_order, 1, 0);
      submission.text.assign(8'000, 'x');
    }
    add(encode_entry(7, token, {request.data(), token == 1 ? 90u : 10u + 35u}));
  }
  start();
  EXPECT_TRUE(comes_true([&] { return engine_.texts().size() == 135; }));
  EXPECT_EQ(engine_.groups().size(), 2u);
}

TEST_F(CommandIntakeTest, ReadsEveryStream) {
  std::vector<std::string> keys;
  for (MarketId market = 0; market < 3; ++market) {
    keys.push_back(stream_key(market, market_symbol(market)));
  }
  for (uint16_t stream = kAccountsStream; stream < limits::kStreamsMax; ++stream) {
    keys.push_back(stream_key(stream));
  }
  for (const std::string& key : keys) add(entry(1), key);
  start();
  EXPECT_TRUE(comes_true([&] { return engine_.texts().size() == keys.size(); }));
  std::set<uint16_t> streams;
  for (const auto& group : engine_.groups()) streams.insert(group[0].command.consume.stream);
  EXPECT_EQ(streams, (std::set<uint16_t>{0, 1, 2, 64, 65, 66, 67}));
  EXPECT_TRUE(comes_true([&] { return intake_->counters().connected == 7; }));
  EXPECT_EQ(intake_->counters().streams, 7u);
}

TEST_F(CommandIntakeTest, AFullRingHoldsTheStreamUpAndLosesNothing) {
  engine_.set_room(1);
  for (uint64_t token = 1; token <= 50; ++token) add(entry(token, 30));
  start();
  EXPECT_TRUE(comes_true([&] { return intake_->counters().held_up > 3; }));
  EXPECT_EQ(engine_.groups().size(), 1u);
  engine_.set_room(SIZE_MAX);
  EXPECT_TRUE(comes_true([&] { return engine_.texts().size() == 1'500; }));
  EXPECT_TRUE(are_in_order(engine_.texts()));
  EXPECT_EQ(intake_->counters().entries, 50u);
  EXPECT_EQ(intake_->counters().commands, 1'500u);
}

TEST_F(CommandIntakeTest, WhatCannotBeReadIsCountedAndCoveredByAMarker) {
  std::string broken = entry(1);
  broken.back() = '!';
  add(broken);
  const std::string key = "{BTC-PERP}:commands";
  const auto reply = one(client_, Request(key, {"XADD", key, "*", "other", "field"}));
  start();
  EXPECT_TRUE(comes_true([&] { return engine_.groups().size() == 1; }));
  const auto group = engine_.groups()[0];
  ASSERT_EQ(group.size(), 1u);
  EXPECT_EQ(group[0].command.consume.command_count, 0u);
  EXPECT_EQ(redis::to_string(redis::StreamId{group[0].command.consume.last.milliseconds,
                                             group[0].command.consume.last.sequence}),
            reply.text);
  EXPECT_EQ(intake_->counters().damaged, 2u);
  EXPECT_EQ(warnings_, 1);
  add(entry(2));
  EXPECT_TRUE(comes_true([&] { return engine_.texts().size() == 1; }));
}

TEST_F(CommandIntakeTest, BeginsBehindItsPositionsAndRemovesWhatIsBeforeThem) {
  add(entry(1));
  IntakeStart from = three_markets();
  from.positions[0] = add(entry(2));
  add(entry(3));
  start(from);
  EXPECT_TRUE(comes_true([&] { return engine_.texts().size() == 1; }));
  EXPECT_TRUE(comes_true([&] {
    return one(client_, Request("{BTC-PERP}:commands", {"XLEN", "{BTC-PERP}:commands"})).integer ==
           1;
  }));
}

TEST_F(CommandIntakeTest, RemovesWhatIsDurableAndOnlyThat) {
  start();
  const StreamPosition first = add(entry(1));
  add(entry(2));
  EXPECT_TRUE(comes_true([&] { return engine_.texts().size() == 2; }));
  Command marker(CommandType::consume_stream);
  marker.consume.last = first;
  release(marker);
  const auto length = [&] {
    return one(client_, Request("{BTC-PERP}:commands", {"XLEN", "{BTC-PERP}:commands"})).integer;
  };
  EXPECT_TRUE(comes_true([&] { return length() < 2; }));
  EXPECT_EQ(length(), 1);
}

TEST_F(CommandIntakeTest, AMarketThatIsCreatedLaterIsReadFromItsBeginning) {
  start();
  add(entry(1), "{NEW-PERP}:commands");
  MarketSpec spec;
  std::memcpy(spec.symbol.data(), "NEW-PERP", 8);
  Command create(CommandType::create_market);
  create.header.text_length = sizeof spec;
  release(create, std::string(reinterpret_cast<const char*>(&spec), sizeof spec), 3);
  EXPECT_TRUE(comes_true([&] { return engine_.texts().size() == 1; }));
  EXPECT_EQ(engine_.groups()[0][0].command.consume.stream, 3u);
}

TEST_F(CommandIntakeTest, AfterStopNothingIsSubmitted) {
  start();
  std::atomic<bool> is_over{false};
  std::atomic<uint64_t> added{0};
  std::thread load([&] {
    while (!is_over) {
      add(entry(1));
      ++added;
    }
  });
  EXPECT_TRUE(comes_true([&] { return engine_.texts().size() > 20; }));
  intake_->stop();
  const std::size_t groups = engine_.groups().size();
  const uint64_t before = added;
  EXPECT_TRUE(comes_true([&] { return added > before + 20; }));
  EXPECT_EQ(engine_.groups().size(), groups);
  is_over = true;
  load.join();
}

}  // namespace
}  // namespace perpetua::cluster
