// RemotePort with a real server; the engine is played by the test.
#include <atomic>

#include "cluster/append_script.hpp"
#include "cluster/cluster_test_support.hpp"
#include "stores/redis/stream_reader.hpp"

namespace perpetua::cluster {
namespace {

using redis::comes_true;
using redis::one;
using redis::Request;
using runtime::SubmitResult;
using Kind = AppendResult::Kind;

class RemotePortTest : public ::testing::Test {
 protected:
  void open(RemotePortOptions options = port_options()) {
    port_ = std::make_unique<RemotePort>(client_, options, replies_.on_ended());
    replies_.attach(port_.get());
  }
  void take_in() {
    intake_ = std::make_unique<CommandIntake>(client_, engine_,
                                              CommandIntakeOptions{three_markets(), 0, {}});
    intake_->start();
  }
  SubmitResult submit(uint64_t token, AgentId agent, bool has_key = true) {
    return submit_thought(*port_, token, agent, 0, thought_text(agent, token), has_key);
  }
  int64_t length(const std::string& key = "{BTC-PERP}:commands") {
    return one(client_, Request(key, {"XLEN", key})).integer;
  }

  redis::TestServer server_;
  redis::StartedClient client_{server_.client_options()};
  Replies replies_;
  FakeEngine engine_{&replies_};
  std::unique_ptr<RemotePort> port_;
  std::unique_ptr<CommandIntake> intake_;
};

TEST_F(RemotePortTest, EveryRequestIsAnsweredOnceAndInTheOrderOfItsAgent) {
  open();
  take_in();
  constexpr uint64_t kRequests = 600;
  for (uint64_t token = 0; token < kRequests; ++token) {
    const AgentId agent = 1 + token % 7;
    const auto market = static_cast<MarketId>(token % 4);  // the last does not exist
    EXPECT_EQ(submit_thought(*port_, token, agent, market, thought_text(agent, token), token % 2),
              SubmitResult::accepted);
  }
  EXPECT_TRUE(comes_true([&] { return replies_.are_answered_once(kRequests); }));
  EXPECT_TRUE(are_in_order(engine_.texts()));
  EXPECT_EQ(engine_.texts().size(), kRequests);
  const RemotePortCounters counters = port_->counters();
  EXPECT_EQ(counters.answered, kRequests);
  EXPECT_EQ(counters.commands_in_flight, 0u);
  EXPECT_EQ(counters.bytes_in_flight, 0u);
  EXPECT_TRUE(replies_.endings().empty());
}

TEST_F(RemotePortTest, ARequestOfManyCommandsStaysTogether) {
  open();
  take_in();
  std::vector<runtime::Submission> request;
  for (uint64_t i = 0; i < limits::kOrdersPerRequestMax; ++i) {
    request.push_back(make_thought(1, 0, thought_text(1, i)));
    request.back().target = {1, 0, i};
  }
  EXPECT_EQ(port_->submit(request), SubmitResult::accepted);
  EXPECT_TRUE(comes_true([&] { return replies_.are_answered_once(request.size()); }));
  EXPECT_EQ(engine_.groups().size(), 1u);
}

TEST_F(RemotePortTest, WithoutAnOutcomeItEndsAsUnknownAndALateOutcomeIsDropped) {
  RemotePortOptions options = port_options();
  options.command_timeout_ms = 300;
  open(options);
  submit(1, 1);
  submit(2, 2, false);
  EXPECT_TRUE(comes_true([&] { return replies_.endings().size() == 2; }));
  EXPECT_EQ(replies_.endings()[1], std::vector{Ending::unknown});
  EXPECT_EQ(replies_.endings()[2], std::vector{Ending::unknown});
  EXPECT_EQ(port_->counters().expired, 2u);
  take_in();
  EXPECT_TRUE(comes_true([&] { return engine_.texts().size() >= 2; }));
  EXPECT_TRUE(replies_.answers().empty());
}

TEST_F(RemotePortTest, AFullStreamRefusesAllButCancels) {
  RemotePortOptions options = port_options();
  options.stream_entries_max = 4;
  options.stream_cancel_reserve = 1;
  open(options);
  for (AgentId agent = 1; agent <= 5; ++agent) {
    if (submit(agent, agent) != SubmitResult::accepted) break;
  }
  EXPECT_TRUE(comes_true([&] { return !replies_.endings().empty(); }));
  for (const auto& [token, endings] : replies_.endings()) {
    EXPECT_GE(token, 4u);
    EXPECT_EQ(endings, std::vector{Ending::overloaded});
  }
  EXPECT_EQ(length(), 3);
  std::vector<runtime::Submission> cancel(1);
  cancel[0].command = Command(CommandType::cancel_all, 9, 0);
  EXPECT_EQ(port_->submit(cancel), SubmitResult::accepted);
  EXPECT_TRUE(comes_true([&] { return length() == 4; }));
  take_in();
  EXPECT_TRUE(comes_true([&] { return replies_.answers().size() == 3; }));
}

TEST_F(RemotePortTest, SaysSoWhileRedisIsAwayAndGoesOnAfterwards) {
  RemotePortOptions options = port_options();
  options.append_timeout_ms = 100;
  open(options);
  take_in();
  EXPECT_EQ(submit(1, 1), SubmitResult::accepted);
  EXPECT_TRUE(comes_true([&] { return replies_.are_answered_once(1); }));
  server_.kill();
  EXPECT_EQ(submit(2, 2), SubmitResult::accepted);  // it cannot know yet
  EXPECT_TRUE(comes_true([&] { return submit(3, 3) == SubmitResult::unavailable; }));
  server_.start();  // empty
  uint64_t token = 100;
  EXPECT_TRUE(comes_true([&] { return submit(token++, 4) == SubmitResult::accepted; }));
  EXPECT_TRUE(comes_true([&] { return replies_.answers().contains(token - 1); }));
  EXPECT_TRUE(comes_true([&] { return replies_.answers().contains(2); }));
  EXPECT_EQ(port_->counters().streams_away, 0u);
}

TEST_F(RemotePortTest, WhatRedisLostIsSentAgainIfTheEngineKnowsItAgain) {
  RemotePortOptions options = port_options();
  options.command_timeout_ms = 10'000;
  open(options);
  constexpr uint64_t kKeyed = 20;
  for (uint64_t token = 0; token < kKeyed; ++token) submit(token, 1 + token % 3);
  submit(kKeyed, 4, false);
  EXPECT_TRUE(comes_true([&] { return length() == kKeyed + 1; }));
  one(client_, Request("", {"FLUSHALL"}));
  EXPECT_TRUE(comes_true([&] { return length() == kKeyed; }));
  take_in();
  EXPECT_TRUE(comes_true([&] { return replies_.are_answered_once(kKeyed); }));
  EXPECT_TRUE(are_in_order(engine_.texts()));
  EXPECT_EQ(port_->counters().losses, 1u);
  EXPECT_EQ(port_->counters().sent_again, kKeyed);
  EXPECT_TRUE(comes_true([&] { return replies_.endings().contains(kKeyed); }));
  EXPECT_EQ(replies_.endings()[kKeyed], std::vector{Ending::unknown});
  EXPECT_EQ(replies_.endings().size(), 1u);
}

TEST_F(RemotePortTest, WhatTheEngineCannotReadEndsAsNotExecuted) {
  open();
  submit(1, 1, false);
  EXPECT_TRUE(comes_true([&] { return length() == 1; }));
  // As an engine of another version: a marker over each entry, and none of its commands.
  const auto pass_over_newest = [&] {
    const std::string key = "{BTC-PERP}:commands";
    const auto newest = one(client_, Request(key, {"XREVRANGE", key, "+", "-", "COUNT", "1"}));
    const auto id = redis::parse_stream_id(newest.elements.at(0).elements.at(0).text);
    Command marker(CommandType::consume_stream);
    marker.consume.last = {id->milliseconds, id->sequence};
    replies_.hear({1, 0, {&marker, 1}, {}});
  };
  pass_over_newest();
  EXPECT_TRUE(comes_true([&] { return length() == 2; }));
  EXPECT_TRUE(comes_true([&] {
    pass_over_newest();
    return !replies_.endings().empty();
  }));
  EXPECT_EQ(replies_.endings()[1], std::vector{Ending::unavailable});
  EXPECT_EQ(port_->counters().passed_over, 2u);
}

TEST_F(RemotePortTest, NoCommandMayBeSequencedAfterItsClientHasGivenUp) {
  const runtime::ManualClock clock(1'000'000);
  RemotePortOptions options = port_options();
  options.clock = &clock;
  open(options);
  take_in();
  std::vector<runtime::Submission> request;
  for (const int64_t own_ms : {int64_t{0}, int64_t{1'000'500}, int64_t{9'000'000}}) {
    request.push_back(make_thought(1, 0, "t"));
    request.back().command.header.valid_until_ms = own_ms;
  }
  EXPECT_EQ(port_->submit(request), SubmitResult::accepted);
  EXPECT_TRUE(comes_true([&] { return engine_.groups().size() == 1; }));
  const auto group = engine_.groups()[0];
  EXPECT_EQ(group[1].command.header.valid_until_ms, 1'060'000);
  EXPECT_EQ(group[2].command.header.valid_until_ms, 1'000'500);
  EXPECT_EQ(group[3].command.header.valid_until_ms, 1'060'000);
}

TEST_F(RemotePortTest, ClosedItTakesNothingAndAnswersWhatItTook) {
  open();
  submit(1, 1);
  port_->close();
  EXPECT_EQ(submit(2, 1), SubmitResult::shutting_down);
  take_in();
  EXPECT_TRUE(comes_true([&] { return replies_.are_answered_once(1); }));
}

TEST_F(RemotePortTest, MoreTextThanABatchHoldsIsRefused) {
  open();
  std::vector<runtime::Submission> request(limits::kOrdersPerRequestMax);
  for (runtime::Submission& submission : request) submission.text.assign(20'000, 'x');
  EXPECT_EQ(port_->submit(request), SubmitResult::overloaded);
}

TEST_F(RemotePortTest, TheScriptFencesLateCallsAndTellsOfLostOnes) {
  const std::string stream = stream_key(0, "X");
  const std::string writer = writer_key(stream, 1);
  const std::vector<AppendEntry> entries = {{"a", false}, {"b", true}};
  AppendCall call{stream, writer, 0, 0, 100, 10, entries};
  const auto append = [&](uint64_t arrived, uint64_t number) {
    call.arrived = arrived;
    call.number = number;
    return read_append(one(client_, make_append(call)), entries.size());
  };
  const auto is_taken = [](const AppendResult& result) {
    std::string taken;
    for (const StreamPosition& id : result.ids) taken += id == StreamPosition() ? '0' : '1';
    return taken;
  };
  const AppendResult first = append(0, 2);
  EXPECT_EQ(is_taken(first), "11");
  EXPECT_LT(first.ids[0], first.ids[1]);
  EXPECT_EQ(append(0, 1).kind, Kind::late);
  EXPECT_EQ(append(0, 2).kind, Kind::late);  // a second copy
  EXPECT_EQ(append(2, 3).kind, Kind::done);
  const AppendResult lost = append(7, 8);
  EXPECT_EQ(lost.kind, Kind::lost);
  EXPECT_EQ(lost.seen, 3u);
  EXPECT_EQ(length(stream), 4);
  call.entries_max = 5;
  call.cancel_reserve = 1;
  EXPECT_EQ(is_taken(append(3, 4)), "01");
  EXPECT_EQ(is_taken(append(4, 5)), "00");
  one(client_, Request(stream, {"SET", stream, "no stream"}));
  EXPECT_EQ(append(5, 6).kind, Kind::not_executed);
}

}  // namespace
}  // namespace perpetua::cluster
