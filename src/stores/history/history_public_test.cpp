// What the history tells of all agents, against a hot store that has forgotten nothing yet.
#include <map>

#include "stores/activity/activity.hpp"
#include "stores/history/history_backend_test_support.hpp"
#include "stores/warm_start.hpp"

namespace perpetua::stores {
namespace {

using namespace test;

constexpr uint64_t kNewest = INT64_MAX - 2;

class HistoryPublicTest : public ::testing::TestWithParam<DatabaseKind> {
 protected:
  void SetUp() override {
    PERPETUA_SKIP_WITHOUT_DATABASE();
    backend_ = make_backend(GetParam());
    for (const RecordedBatch& batch : flow_.take(600)) apply(batch);
  }
  void apply(const RecordedBatch& batch) {
    hot_.apply(batch.view());
    backend_->writer().apply(batch.view());
    time_ms_ = batch.log_time_ms;
  }
  void note(AgentId agent, const std::string& text) {
    RecordedBatch batch;
    batch.number = flow_.engine.last_batch() + 1;
    batch.log_time_ms = time_ms_;
    batch.text = text;
    Command command(CommandType::post_thought, agent);
    command.thought.kind = MessageKind::alert;
    command.thought.to_agent = agent;
    command.header.text_length = static_cast<uint16_t>(text.size());
    batch.commands.push_back(command);
    InlineExecutor executor;
    flow_.engine.apply({batch.number, time_ms_, batch.commands, batch.text}, executor,
                       batch.output);
    ASSERT_EQ(batch.output.outcomes[0].code, ResultCode::ok);
    apply(batch);
  }
  HistoryReader reader() { return backend_->reader(); }
  const Activity& activity() const { return hot_.activity(); }

  std::unique_ptr<HistoryBackend> backend_;
  Flow flow_{11};
  HotStore hot_;
  int64_t time_ms_ = 0;
};

TEST_P(HistoryPublicTest, intents_are_found_and_listed_as_in_memory) {
  HistoryReader history = reader();
  const auto kept =
      activity().intents().newest({.market = kNoMarket, .state = {}, .limit = 100'000});
  ASSERT_GT(kept.size(), 100u);
  for (const IntentView& row : kept) {
    ASSERT_TRUE(history.intent(row.order.order_id));
    EXPECT_EQ(*history.intent(row.order.order_id), row.order);
  }
  std::vector<OrderView> wanted;
  for (const IntentView& row : kept) {
    if (intent_state(row.order) == IntentState::filled) wanted.push_back(row.order);
  }
  std::vector<OrderView> listed;
  for (uint64_t newest = kNewest; listed.size() < wanted.size();) {
    const auto page = history.intents(
        [](const OrderView& row) { return intent_state(row) == IntentState::filled; }, newest, 7);
    ASSERT_EQ(page.status, PageStatus::ok);
    ASSERT_FALSE(page.rows.empty());
    listed.insert(listed.end(), page.rows.begin(), page.rows.end());
    newest = listed.back().sequence - 1;
  }
  EXPECT_EQ(listed, wanted);
  std::size_t others = 0;
  for (AgentId agent = 1; agent <= flow_.agents; ++agent) {
    for (const OrderView& row : history.orders(agent, {}, {{}, 100}).rows) {
      if (row.is_intent()) continue;
      ++others;
      EXPECT_FALSE(history.intent(row.order_id)) << "an order that is no intent";
    }
  }
  EXPECT_GT(others, 0u);
  EXPECT_FALSE(history.intent(1));
}

TEST_P(HistoryPublicTest, matches_are_found_and_listed_as_in_memory) {
  HistoryReader history = reader();
  const auto kept = activity().matches().newest(400);
  ASSERT_EQ(kept.size(), 400u);
  EXPECT_EQ(history.matches(kNewest, 400).rows, kept);
  EXPECT_EQ(history.matches(kept[5].sequence, 1).rows, std::vector<MatchView>{kept[5]});
  for (const MatchView& row : kept) EXPECT_EQ(history.match(row.market, row.trade_id), row);
  EXPECT_FALSE(history.match(0, kept.front().trade_id + 1'000'000));
}

TEST_P(HistoryPublicTest, settlements_are_listed_as_in_memory_for_both_sides) {
  HistoryReader history = reader();
  const auto all = activity().settlements().newest(0, 1'000);
  ASSERT_GT(all.size(), 100u);
  EXPECT_EQ(history.settlements(0, {{}, 1'000}).rows, all);
  std::size_t received = 0;
  for (AgentId agent = 1; agent <= flow_.agents; ++agent) {
    auto own = activity().settlements().newest(agent, 1'000);
    for (SettlementView& row : own) {
      if (row.from == 0 || row.to != agent) continue;
      row.free_after = Micro(0);
      ++received;
    }
    EXPECT_EQ(history.settlements(agent, {{}, 1'000}).rows, own);
  }
  EXPECT_GT(received, 5u);
}

TEST_P(HistoryPublicTest, positions_have_their_owner_and_closed_ones_end_as_in_memory) {
  HistoryReader history = reader();
  std::size_t total = 0;
  std::size_t guarded = 0;
  for (AgentId agent = 1; agent <= flow_.agents; ++agent) {
    const auto kept = activity().positions().closed(agent, 500);
    const auto read = history.closed_positions(agent, INT64_MAX, 500);
    ASSERT_EQ(read.status, PageStatus::ok);
    ASSERT_EQ(read.rows.size(), kept.size());
    for (std::size_t i = 0; i < kept.size(); ++i) {
      const PositionRecord& a = kept[i];
      const PositionRecord& b = read.rows[i];
      EXPECT_EQ(history.owner_of_position(a.id), agent);
      EXPECT_EQ(std::tie(a.id, a.market, a.base, a.realised_pnl, a.closed_lots, a.closed_value),
                std::tie(b.id, b.market, b.base, b.realised_pnl, b.closed_lots, b.closed_value));
      EXPECT_EQ(std::tie(a.close_reason, a.closing_order, a.opened_at_ms, a.closed_at_ms),
                std::tie(b.close_reason, b.closing_order, b.opened_at_ms, b.closed_at_ms));
      EXPECT_NEAR(static_cast<double>(a.entry_notional.value),
                  static_cast<double>(b.entry_notional.value), 100.0);
      guarded += a.close_reason == PositionCloseReason::stop_loss ? 1 : 0;
    }
    total += kept.size();
    if (kept.size() < 3) continue;
    // What ended before the second of them, as a caller asks who knows the two newest.
    const auto end = history.position_end(agent, kept[1].market, kept[1].id);
    ASSERT_TRUE(end);
    const auto older = history.closed_positions(agent, end->sequence, 2).rows;
    ASSERT_FALSE(older.empty());
    EXPECT_EQ(older.front().id, kept[2].id);
    EXPECT_LE(older.size(), 2u);
  }
  EXPECT_GT(total, 50u);
  EXPECT_GT(guarded, 0u);
  EXPECT_EQ(history.owner_of_position(1), 0u);
}

TEST_P(HistoryPublicTest, liquidations_of_all_markets_leave_the_funds_out) {
  constexpr uint64_t kFirst = uint64_t{1} << 40;
  RecordedBatch batch;
  batch.number = flow_.engine.last_batch() + 1;
  batch.log_time_ms = time_ms_;
  for (uint64_t i = 0; i < 6; ++i) {
    Event event(EventType::liquidation, static_cast<AgentId>(i % 3), static_cast<MarketId>(i % 2),
                kNoCommand);
    event.header.sequence = kFirst + i;
    event.liquidation = Liquidation();
    batch.output.events.push_back(event);
  }
  backend_->writer().apply(batch.view());
  HistoryReader history = reader();
  const auto listed = [&](uint64_t newest, std::size_t limit) {
    std::vector<uint64_t> places;
    for (const auto& row : history.agents_liquidations(newest, limit).rows) {
      places.push_back(row.sequence - kFirst);
    }
    return places;
  };
  EXPECT_EQ(listed(kNewest, 4), (std::vector<uint64_t>{5, 4, 2, 1}));
  EXPECT_EQ(listed(kFirst + 4, 2), (std::vector<uint64_t>{4, 2}));
}

TEST_P(HistoryPublicTest, refusals_and_notes_survive_a_restart) {
  note(3, "77");
  note(3, "no number");
  note(4, "78");
  HistoryReader history = reader();
  HotStore restarted;
  bootstrap(restarted, flow_.engine);
  ASSERT_TRUE(warm_start(restarted, history));
  std::size_t total = 0;
  std::map<uint64_t, AgentId> numbers;
  for (AgentId agent = 1; agent <= flow_.agents; ++agent) {
    const auto kept = hot_.violations(agent, 1'000);
    EXPECT_EQ(restarted.violations(agent, 1'000), kept);
    EXPECT_EQ(history.violations(agent, {{}, 1'000}).rows, kept);
    for (const ViolationView& row : kept) EXPECT_TRUE(numbers.emplace(row.number, agent).second);
    total += kept.size();
    EXPECT_EQ(restarted.private_messages(agent, 0, 1'000), hot_.private_messages(agent, 0, 1'000));
    for (const MessageView& row : hot_.private_messages(agent, 0, 1'000)) {
      EXPECT_NE(row.to_agent, row.agent) << "a note is no message";
    }
  }
  EXPECT_GT(total, 10u);
  for (const HotStore* store : {&hot_, &restarted}) {
    EXPECT_TRUE(store->activity().acknowledged().contains(3, 77));
    EXPECT_TRUE(store->activity().acknowledged().contains(4, 78));
    EXPECT_FALSE(store->activity().acknowledged().contains(4, 77));
  }
}

INSTANTIATE_TEST_SUITE_P(Databases, HistoryPublicTest, kEveryDatabase, kind_name);

}  // namespace
}  // namespace perpetua::stores
