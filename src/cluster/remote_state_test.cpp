// What becomes of requests in flight, without Redis: the test plays the streams.
#include "cluster/remote_state.hpp"

#include <gtest/gtest.h>

#include "cluster/streams.hpp"

namespace perpetua::cluster {
namespace {

using runtime::SubmitResult;
using Kind = AppendResult::Kind;

constexpr int64_t kMs = 1'000'000;
constexpr uint16_t kBtc = 0;
constexpr uint16_t kEth = 1;

class RemoteStateTest : public ::testing::Test {
 protected:
  struct Want {
    AgentId agent = 1;
    uint16_t stream = kBtc;
    bool is_repeatable = true;
    bool only_cancels = false;
    uint32_t commands = 1;
  };

  RemoteRequest make(const Want& want) {
    RemoteRequest request;
    request.token = ++tokens_;
    request.payload = "request " + std::to_string(request.token);
    request.commands.resize(want.commands, Command(CommandType::place_order, want.agent));
    request.targets.resize(want.commands, {1, 0, request.token});
    request.deadline_ns = now_ns_ + 5'000 * kMs;
    request.stream = want.stream;
    request.agent = want.agent;
    request.is_repeatable = want.is_repeatable;
    request.only_cancels = want.only_cancels;
    return request;
  }
  SubmitResult admit(const Want& want) {
    return state_.admit(make(want), want.stream == kBtc ? "BTC" : "ETH", has_spares_, now_ns_);
  }
  // The next append, as "stream: payload payload".
  std::string send() {
    append_ = state_.next_append(now_ns_);
    if (!append_) return "nothing";
    std::string text = std::to_string(append_->stream) + ":";
    const std::string wire(append_->request.wire());
    for (std::size_t at = wire.find("request "); at != std::string::npos;
         at = wire.find("request ", at + 1)) {
      text += ' ';
      text += wire.substr(at + 8, wire.find('\r', at) - at - 8);
    }
    return text;
  }
  void answer(Kind kind, std::string is_taken = {}, uint64_t seen = 0) {
    answer_to(*append_, kind, std::move(is_taken), seen);
  }
  void answer_to(const RemoteState::Append& append, Kind kind, std::string is_taken = {},
                 uint64_t seen = 0) {
    if (kind == Kind::done && is_taken.empty()) is_taken.assign(append.entries, '1');
    std::vector<StreamPosition> ids;
    for (const char one : is_taken) {
      ids.push_back(one == '1' ? StreamPosition{++ids_, 0} : StreamPosition());
    }
    state_.append_done(append.stream, {kind, std::move(ids), seen}, has_spares_, now_ns_);
  }
  // Tokens that ended, with how.
  std::vector<std::pair<uint64_t, Ending>> ended() {
    std::vector<std::pair<uint64_t, Ending>> result;
    for (const Ended& end : state_.take_ended()) {
      result.emplace_back(end.target.token, end.ending);
    }
    return result;
  }
  void pass(int64_t ms) {
    now_ns_ += ms * kMs;
    state_.tick(has_spares_, now_ns_);
  }

  using Endings = std::vector<std::pair<uint64_t, Ending>>;

  RemotePortOptions options_;
  RemoteState state_{options_};
  std::optional<RemoteState::Append> append_;
  uint64_t tokens_ = 0;
  uint64_t ids_ = 0;
  int64_t now_ns_ = 1'000'000'000'000;
  bool has_spares_ = true;
};

TEST_F(RemoteStateTest, OneAppendOfAStreamIsOnItsWayAndTakesWhatHasQueued) {
  admit({.agent = 1});
  EXPECT_EQ(send(), "0: 1");
  const RemoteState::Append first = *append_;
  admit({.agent = 2});
  admit({.agent = 3});
  EXPECT_EQ(send(), "nothing");
  admit({.agent = 4, .stream = kEth});
  EXPECT_EQ(send(), "1: 4");
  answer_to(first, Kind::done);
  EXPECT_EQ(send(), "0: 2 3");
}

TEST_F(RemoteStateTest, AnAgentStaysOnItsStreamWhileSomethingIsInFlight) {
  admit({.agent = 1, .stream = kBtc});
  admit({.agent = 1, .stream = kEth});
  admit({.agent = 2, .stream = kEth});
  EXPECT_EQ(send(), "0: 1 2");
  answer(Kind::done);
  EXPECT_EQ(send(), "1: 3");
  EXPECT_EQ(state_.take(1, 1).size(), 1u);
  EXPECT_EQ(state_.take(2, 1).size(), 1u);
  admit({.agent = 1, .stream = kEth});
  answer(Kind::done);
  EXPECT_EQ(send(), "1: 4");
}

TEST_F(RemoteStateTest, TheExchangeItselfStaysOnNoStream) {
  admit({.agent = 0, .stream = kBtc});
  admit({.agent = 0, .stream = kEth});
  EXPECT_EQ(send(), "0: 1");
  EXPECT_EQ(send(), "1: 2");
}

TEST_F(RemoteStateTest, AnOutcomeIsTakenOnceAndOnlyAtItsLength) {
  admit({.commands = 3});
  EXPECT_TRUE(state_.take(1, 2).empty());
  EXPECT_TRUE(state_.take(7, 3).empty());
  EXPECT_EQ(state_.take(1, 3).size(), 3u);  // it may come before the append's answer
  EXPECT_TRUE(state_.take(1, 3).empty());
  EXPECT_EQ(state_.counters().commands_in_flight, 0u);
  EXPECT_EQ(state_.counters().bytes_in_flight, 0u);
}

TEST_F(RemoteStateTest, WhatAFullStreamRefusesEndsAndOthersAreRefusedForAMoment) {
  admit({.agent = 1});
  admit({.agent = 2, .only_cancels = true});
  send();
  answer(Kind::done, "01");
  EXPECT_EQ(ended(), (Endings{{1, Ending::overloaded}}));
  EXPECT_EQ(admit({.agent = 3}), SubmitResult::overloaded);
  EXPECT_EQ(admit({.agent = 3, .only_cancels = true}), SubmitResult::accepted);
  pass(11);
  EXPECT_EQ(admit({.agent = 4}), SubmitResult::accepted);
  EXPECT_EQ(state_.counters().overloaded, 2u);
}

TEST_F(RemoteStateTest, ItsOwnBoundKeepsAReserveForCancels) {
  const uint32_t most = RemotePort::kCommandsInFlightMax - RemotePort::kCancelReserve;
  for (uint32_t i = 0; i < most / 100; ++i) {
    EXPECT_EQ(admit({.commands = 100}), SubmitResult::accepted);
  }
  EXPECT_EQ(admit({.commands = most % 100 + 1}), SubmitResult::overloaded);
  EXPECT_EQ(admit({.only_cancels = true, .commands = RemotePort::kCancelReserve}),
            SubmitResult::accepted);
  EXPECT_EQ(admit({.only_cancels = true, .commands = most % 100 + 1}), SubmitResult::overloaded);
}

TEST_F(RemoteStateTest, WhatWasNotExecutedMovesToASpareStream) {
  admit({.agent = 1, .is_repeatable = false});
  send();
  admit({.agent = 1, .is_repeatable = false});
  answer(Kind::not_executed);
  EXPECT_EQ(send(), "66: 1 2");  // 65 + agent % 3
  answer(Kind::done);
  EXPECT_EQ(state_.counters().sent_again, 0u);
  EXPECT_EQ(state_.counters().streams_away, 1u);
  admit({.agent = 1, .stream = kBtc});
  EXPECT_EQ(send(), "66: 3");
}

TEST_F(RemoteStateTest, WhatMayHaveBeenExecutedMovesOnlyIfTheEngineKnowsItAgain) {
  admit({.agent = 1, .is_repeatable = true});
  admit({.agent = 2, .is_repeatable = false});
  send();
  admit({.agent = 2, .is_repeatable = true});  // behind one that waits: it waits, too
  answer(Kind::unknown);
  EXPECT_EQ(send(), "66: 1");
  EXPECT_EQ(send(), "nothing");
  EXPECT_EQ(state_.counters().sent_again, 1u);
  pass(100);
  EXPECT_EQ(send(), "0:");  // is it back?
  answer(Kind::done);
  EXPECT_EQ(send(), "0: 3");
  answer(Kind::done);
  EXPECT_EQ(state_.counters().streams_away, 0u);
  pass(5'000);
  EXPECT_EQ(ended(), (Endings{{1, Ending::unknown}, {2, Ending::unknown}, {3, Ending::unknown}}));
}

TEST_F(RemoteStateTest, AnAgentMovesWithWhatIsInTheStreamAlready) {
  admit({.agent = 1});
  send();
  answer(Kind::done);
  admit({.agent = 1});
  send();
  answer(Kind::unknown);
  EXPECT_EQ(send(), "66: 1 2");
}

TEST_F(RemoteStateTest, ASpareThatIsAwayIsLeftForTheNextAndAtLastForNone) {
  admit({.agent = 1});
  for (const char* place : {"0: 1", "66: 1", "67: 1", "65: 1"}) {
    EXPECT_EQ(send(), place);
    answer(Kind::not_executed);
  }
  EXPECT_EQ(send(), "nothing");
  EXPECT_EQ(admit({.agent = 2}), SubmitResult::unavailable);
  EXPECT_EQ(state_.counters().streams_away, 4u);
  pass(100);
  EXPECT_EQ(send(), "0:");
  answer(Kind::done);
  state_.tick(true, now_ns_);
  EXPECT_EQ(send(), "0: 1");
}

TEST_F(RemoteStateTest, WithoutSparesItWaitsWhereItIs) {
  has_spares_ = false;
  admit({.agent = 1});
  admit({.agent = 2, .is_repeatable = false});
  send();
  answer(Kind::unknown);
  EXPECT_EQ(admit({.agent = 1}), SubmitResult::unavailable);
  EXPECT_EQ(send(), "nothing");
  pass(100);
  EXPECT_EQ(send(), "0:");
  answer(Kind::done);
  EXPECT_EQ(send(), "0: 1");
}

TEST_F(RemoteStateTest, WhatAStreamHasLostIsSentAgainBeforeWhatCameLater) {
  admit({.agent = 1});
  send();
  answer(Kind::done);  // call 1
  admit({.agent = 1});
  admit({.agent = 2, .is_repeatable = false});
  send();
  answer(Kind::done);  // call 2
  admit({.agent = 1});
  EXPECT_EQ(send(), "0: 4");
  answer(Kind::lost, {}, 1);  // the stream knows of call 1 only
  EXPECT_EQ(send(), "0: 2 4");
  answer(Kind::done);
  EXPECT_EQ(state_.counters().losses, 1u);
  EXPECT_EQ(state_.counters().sent_again, 1u);
  pass(4'999);
  EXPECT_TRUE(ended().empty());
  pass(1);
  EXPECT_EQ(ended().size(), 4u);
}

TEST_F(RemoteStateTest, AWriterKeyThatLapsedIsNoLoss) {
  admit({.agent = 1});
  send();
  answer(Kind::done);
  state_.take(1, 1);
  admit({.agent = 1});
  send();
  answer(Kind::lost, {}, 0);
  EXPECT_EQ(send(), "0: 2");
  EXPECT_EQ(state_.counters().losses, 0u);
}

TEST_F(RemoteStateTest, ACallThatWasOvertakenIsMadeAgainWithAHigherNumber) {
  admit({.agent = 1});
  EXPECT_EQ(send(), "0: 1");
  answer(Kind::late, {}, 9);
  EXPECT_EQ(send(), "0: 1");
  EXPECT_EQ(append_->number, 10u);
}

TEST_F(RemoteStateTest, AsksWhetherTheStreamStillHasWhatGetsNoOutcome) {
  admit({.agent = 1});
  send();
  answer(Kind::done);
  pass(499);
  EXPECT_EQ(send(), "nothing");
  pass(1);
  EXPECT_EQ(send(), "0:");
  answer(Kind::done);
  EXPECT_EQ(send(), "nothing");
  pass(500);
  EXPECT_EQ(send(), "0:");
  answer(Kind::lost, {}, 0);
  EXPECT_EQ(send(), "0: 1");
}

TEST_F(RemoteStateTest, WhatTheEngineHasPassedOverIsSentAgainOnce) {
  admit({.agent = 1, .is_repeatable = false});
  admit({.agent = 2, .is_repeatable = false});
  admit({.agent = 3});
  send();
  answer(Kind::done);  // ids 1, 2, 3
  state_.take(1, 1);
  state_.consumed(kBtc, {2, 0});
  EXPECT_EQ(send(), "0: 2");
  answer(Kind::done);  // id 4
  EXPECT_EQ(state_.counters().passed_over, 1u);
  state_.consumed(kEth, {9, 0});
  EXPECT_FALSE(state_.has_ended());
  state_.take(3, 1);
  state_.consumed(kBtc, {4, 0});
  EXPECT_EQ(ended(), (Endings{{2, Ending::unavailable}}));  // never executed
  EXPECT_EQ(send(), "nothing");
}

TEST_F(RemoteStateTest, AnEntryThatCameBelowTheEnginesPositionIsPassedOverAtOnce) {
  admit({.agent = 1});
  send();
  answer(Kind::done);  // id 1
  state_.take(1, 1);
  state_.consumed(kBtc, {2, 5});
  admit({.agent = 1});
  EXPECT_EQ(send(), "0: 2");
  answer(Kind::done);  // id 2: the clock went back
  EXPECT_EQ(send(), "0: 2");
  answer(Kind::done);  // id 3
  EXPECT_EQ(send(), "nothing");
  EXPECT_FALSE(state_.has_ended());
}

TEST_F(RemoteStateTest, ACopyThatMayRunElsewhereEndsAsUnknown) {
  admit({.agent = 1});
  send();
  answer(Kind::unknown);
  EXPECT_EQ(send(), "66: 1");
  answer(Kind::done);
  state_.consumed(66, {1, 0});
  EXPECT_EQ(send(), "66: 1");
  answer(Kind::done);
  state_.consumed(66, {2, 0});
  EXPECT_EQ(ended(), (Endings{{1, Ending::unknown}}));
}

TEST_F(RemoteStateTest, TheDeadlineSaysWhetherItMayHaveBeenExecuted) {
  has_spares_ = false;
  admit({.agent = 1});
  send();
  admit({.agent = 2, .commands = 2});
  answer(Kind::not_executed);
  pass(5'000);
  EXPECT_EQ(
      ended(),
      (Endings{{1, Ending::unavailable}, {2, Ending::unavailable}, {2, Ending::unavailable}}));
  now_ns_ += kMs;
  send();
  answer(Kind::done);
  admit({.agent = 3});
  EXPECT_EQ(send(), "0: 3");
  pass(5'000);  // on its way
  EXPECT_EQ(ended(), (Endings{{3, Ending::unknown}}));
  answer(Kind::done);
  EXPECT_TRUE(state_.is_idle());
  EXPECT_TRUE(state_.take(3, 1).empty());
}

TEST_F(RemoteStateTest, RepeatableIsWhatCarriesAKeyThroughout) {
  std::vector<runtime::Submission> request(2);
  request[0].command = Command(CommandType::place_order, 1, 0);
  request[0].command.place.client_id = make_client_id("mine");
  request[1].command = Command(CommandType::cancel_all, 1);
  EXPECT_FALSE(is_repeatable(request));
  request[1].command.header.key = {0, 1};
  EXPECT_TRUE(is_repeatable(request));
  request[0].command.place.client_id = {};
  EXPECT_FALSE(is_repeatable(request));
}

}  // namespace
}  // namespace perpetua::cluster
