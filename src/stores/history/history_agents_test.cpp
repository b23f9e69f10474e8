// Messages and signals in the history, and what a restart reads of them.
#include "stores/history/history_test_support.hpp"
#include "stores/perpetual_test_support.hpp"
#include "stores/warm_start.hpp"

namespace perpetua::stores {
namespace {

using namespace test;

constexpr int64_t kMinuteMs = 60'000;

// A settled bet, a refunded signal, an open one; a thought, a chat, a private message.
struct Story {
  explicit Story(HistoryWriter& writer) : market(&writer) {
    ann = market.add_agent(1'000);
    bob = market.add_agent(1'000);
    post(ann, MessageKind::thought, "thought", 0);
    post(bob, MessageKind::chat, "chat", 0);
    post(ann, MessageKind::chat, "secret", bob);
    settled = bet(ann, kMinuteMs);
    refunded = bet(bob, kMinuteMs);
    Command command(CommandType::fade_signal, bob);
    command.fade_signal.signal_id = settled;
    EXPECT_EQ(market.run(command).code, ResultCode::ok);
    writer.flush();
    market.now_ms += kMinuteMs;
    for (int i = 0; i < 3; ++i) market.price(60'000);
    open = bet(ann, 60 * kMinuteMs);
  }
  void post(AgentId from, MessageKind kind, std::string_view text, AgentId to) {
    Command command(CommandType::post_thought, from);
    command.thought.kind = kind;
    command.thought.to_agent = to;
    EXPECT_EQ(market.run(command, text).code, ResultCode::ok);
  }
  SignalId bet(AgentId agent, int64_t duration_ms) {
    Command command(CommandType::create_signal, agent, 0);
    command.create_signal =
        CreateSignal{60'100, Micro(5'000'000), duration_ms, SignalKind::price_below, {}};
    const Outcome outcome = market.run(command);
    EXPECT_EQ(outcome.code, ResultCode::ok);
    return outcome.id;
  }

  PerpetualMarket market;
  AgentId ann = 0, bob = 0;
  SignalId settled = 0, refunded = 0, open = 0;
};

TEST(HistoryAgents, signals_and_messages_are_kept_as_the_hot_store_shows_them) {
  const TemporaryFolder folder;
  HistoryWriter writer(options_for(folder.file("history")));
  const Story story(writer);
  writer.flush();
  HistoryReader reader(folder.file("history"), 1);
  for (const SignalId id : {story.settled, story.refunded, story.open}) {
    ASSERT_TRUE(reader.signal(id));
    EXPECT_EQ(*reader.signal(id), *story.market.hot.signal(id));
  }
  EXPECT_FALSE(reader.signal(make_signal_id(0, 99)));
  const Page<SignalView> closed = reader.closed_signals(kNoMarket, PageRequest{});
  EXPECT_EQ(closed.rows, story.market.hot.closed_signals(kNoMarket, 10));
  EXPECT_EQ(closed.rows.size(), 2u);
  const Page<MessageView> messages = reader.messages(PageRequest{});
  ASSERT_EQ(messages.rows.size(), 2u) << "the thought is in its own table, the secret once";
  EXPECT_EQ(messages.rows[0], story.market.hot.private_messages(story.bob, 0, 1)[0]);
  EXPECT_EQ(messages.rows[1].text, "chat");
  EXPECT_EQ(reader.thoughts(std::nullopt, PageRequest{}).rows.size(), 1u);
}

TEST(HistoryAgents, after_a_restart_bets_and_messages_are_read_as_before) {
  const TemporaryFolder folder;
  HistoryWriter writer(options_for(folder.file("history")));
  const Story story(writer);
  writer.flush();
  HistoryReader reader(folder.file("history"), 1);
  HotStore restarted;
  story.market.describe(restarted);
  ASSERT_TRUE(warm_start(restarted, reader));
  const HotStore& before = story.market.hot;
  EXPECT_EQ(restarted.closed_signals(kNoMarket, 10), before.closed_signals(kNoMarket, 10));
  EXPECT_EQ(restarted.live_signals(kNoMarket, 10), before.live_signals(kNoMarket, 10));
  EXPECT_EQ(restarted.messages(kAllMessageKinds, 0, 10), before.messages(kAllMessageKinds, 0, 10));
  EXPECT_EQ(restarted.thoughts(0, 10), before.thoughts(0, 10));
  for (const AgentId agent : {story.ann, story.bob}) {
    EXPECT_EQ(restarted.private_messages(agent, 0, 10), before.private_messages(agent, 0, 10));
    EXPECT_EQ(restarted.betting(agent)->record, before.betting(agent)->record);
  }
  EXPECT_EQ(restarted.solvency().left_side(), before.solvency().left_side());
}

}  // namespace
}  // namespace perpetua::stores
