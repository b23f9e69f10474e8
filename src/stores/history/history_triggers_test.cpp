// Triggers, ends of positions and fills of intents in the history, against what the hot store saw.
#include <map>

#include "stores/history/history_backend_test_support.hpp"
#include "stores/trigger_fold.hpp"
#include "stores/warm_start.hpp"

namespace perpetua::stores {
namespace {

using namespace test;

bool is_same(const TriggerView& a, const TriggerView& b) {
  return a.agent == b.agent && a.market == b.market &&
         std::memcmp(&a.trigger, &b.trigger, sizeof a.trigger) == 0 &&
         a.created_at_ms == b.created_at_ms && a.updated_at_ms == b.updated_at_ms &&
         a.closed_sequence == b.closed_sequence && a.reason == b.reason && a.code == b.code &&
         a.closed_at_mark == b.closed_at_mark;
}

class HistoryTriggersTest : public ::testing::TestWithParam<DatabaseKind> {
 protected:
  void SetUp() override {
    PERPETUA_SKIP_WITHOUT_DATABASE();
    backend_ = make_backend(GetParam());
    const std::vector<RecordedBatch> batches = flow_.take(600);
    for (const RecordedBatch& batch : batches) {
      hot_.apply(batch.view());
      backend_->writer().apply(batch.view());
      for (const Event& event : batch.output.events) events_.push_back({event, batch.log_time_ms});
    }
  }
  HistoryReader reader() { return backend_->reader(); }

  std::unique_ptr<HistoryBackend> backend_;
  Flow flow_{11};
  HotStore hot_;
  std::vector<std::pair<Event, int64_t>> events_;
};

TEST_P(HistoryTriggersTest, closed_ones_are_paged_as_they_closed_and_equal_those_in_memory) {
  HistoryReader history = reader();
  std::size_t total = 0;
  for (AgentId agent = 1; agent <= flow_.agents; ++agent) {
    std::vector<TriggerView> all;
    std::string cursor;
    do {
      const auto page = history.closed_triggers(agent, kNoMarket, {cursor, 3});
      ASSERT_EQ(page.status, PageStatus::ok);
      all.insert(all.end(), page.rows.begin(), page.rows.end());
      cursor = page.next_cursor;
    } while (!cursor.empty());
    total += all.size();
    for (const TriggerView& row : all) EXPECT_FALSE(row.is_live());
    const auto recent = hot_.closed_triggers(agent, kNoMarket, 1'000);
    ASSERT_LE(recent.size(), all.size());
    for (std::size_t i = 0; i < recent.size(); ++i) EXPECT_TRUE(is_same(recent[i], all[i]));
  }
  EXPECT_GT(total, 100u);
  EXPECT_EQ(history.closed_triggers(1, kNoMarket, {"f1", 3}).status, PageStatus::invalid_cursor);
}

TEST_P(HistoryTriggersTest, live_ones_have_their_last_state_and_warm_a_described_store) {
  HistoryReader history = reader();
  std::size_t count = 0;
  ASSERT_TRUE(history.live_triggers([&](const TriggerView& row) {
    ++count;
    const auto live = hot_.trigger(row.agent, row.id());
    ASSERT_TRUE(live);
    EXPECT_TRUE(is_same(*live, row));
  }));
  EXPECT_GT(count, 0u);
  HotStore store;
  bootstrap(store, flow_.engine);
  ASSERT_TRUE(warm_start(store, history));
  for (AgentId agent = 1; agent <= flow_.agents; ++agent) {
    const auto fed = hot_.triggers(agent, kNoMarket, 0, 1'000);
    const auto warmed = store.triggers(agent, kNoMarket, 0, 1'000);
    ASSERT_EQ(fed.size(), warmed.size());
    for (std::size_t i = 0; i < fed.size(); ++i) EXPECT_TRUE(is_same(fed[i], warmed[i]));
    EXPECT_EQ(hot_.open_orders(agent, kNoMarket, 0, 1'000),
              store.open_orders(agent, kNoMarket, 0, 1'000))
        << "brackets among the rest";
  }
}

// Walks the events with a position per agent and market, apart from the fold.
TEST_P(HistoryTriggersTest, every_position_that_became_zero_or_turned_has_an_end) {
  HistoryReader history = reader();
  std::map<std::pair<AgentId, MarketId>, int64_t> bases;
  std::map<std::pair<AgentId, MarketId>, uint64_t> last_end;
  std::size_t ends = 0;
  for (const auto& [event, time_ms] : events_) {
    if (event.header.agent == 0 || event.header.type != EventType::fill) continue;
    const std::pair key(event.header.agent, event.header.market);
    const int64_t before = bases[key];
    const int64_t after = bases[key] = event.fill.position_base.value;
    if (before == 0 || (before > 0 && after > 0) || (before < 0 && after < 0)) continue;
    ++ends;
    const auto end = history.position_end(key.first, key.second, last_end[key]);
    ASSERT_TRUE(end);
    EXPECT_EQ(end->sequence, event.header.sequence);
    EXPECT_EQ(end->order_id, event.fill.order_id);
    EXPECT_EQ(end->time_ms, time_ms);
    last_end[key] = end->sequence;
  }
  EXPECT_GT(ends, 50u);
  for (const auto& [key, sequence] : last_end) {
    EXPECT_FALSE(history.position_end(key.first, key.second, sequence));
  }
}

TEST_P(HistoryTriggersTest, intents_find_their_fills_and_what_was_realised_meanwhile) {
  HistoryReader history = reader();
  std::map<OrderId, std::vector<uint64_t>> fills;
  std::map<OrderId, AgentId> owners;
  for (const auto& [event, time_ms] : events_) {
    if (event.header.type == EventType::order_accepted &&
        (event.order_accepted.flags & kIntent) != 0) {
      owners[event.order_accepted.order_id] = event.header.agent;
    }
    if (event.header.type == EventType::fill && owners.contains(event.fill.order_id)) {
      fills[event.fill.order_id].push_back(event.header.sequence);
    }
  }
  ASSERT_GT(fills.size(), 20u);
  for (const auto& [order, sequences] : fills) {
    const auto rows = history.intent_fills(owners[order], order);
    ASSERT_EQ(rows.size(), sequences.size());
    for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i].sequence, sequences[i]);
    EXPECT_EQ(history.last_intent_fill(owners[order], order), rows.back());
    EXPECT_TRUE(history.intent_fills(owners[order] + 1, order).empty()) << "of another agent";
  }
  const auto& [order, sequences] = *fills.begin();
  const AgentId agent = owners[order];
  Micro realised;
  for (const auto& [event, time_ms] : events_) {
    const bool is_counted = event.header.agent == agent && event.header.market == 0 &&
                            event.header.type == EventType::fill &&
                            event.header.sequence >= sequences.front();
    if (is_counted) realised += event.fill.realised_pnl;
  }
  EXPECT_EQ(history.realised_pnl(agent, 0, sequences.front(), INT64_MAX), realised);
}

TEST_P(HistoryTriggersTest, the_trigger_that_sent_an_order_and_the_legs_of_a_bracket_are_found) {
  HistoryReader history = reader();
  std::size_t sent = 0;
  std::size_t legs = 0;
  for (AgentId agent = 1; agent <= flow_.agents; ++agent) {
    for (const TriggerView& row : hot_.closed_triggers(agent, kNoMarket, 1'000)) {
      if (row.trigger.parent_id != 0) {
        ++legs;
        const auto found = history.triggers_of_order(agent, row.trigger.parent_id);
        EXPECT_TRUE(std::any_of(found.begin(), found.end(),
                                [&](const TriggerView& leg) { return leg.id() == row.id(); }));
      }
      if (row.trigger.order_id == 0) continue;
      ++sent;
      EXPECT_EQ(history.trigger_that_sent(agent, row.trigger.order_id)->id(), row.id());
      EXPECT_FALSE(history.trigger_that_sent(agent + 1, row.trigger.order_id));
    }
  }
  EXPECT_GT(sent, 5u);
  EXPECT_GT(legs, 5u);
}

TEST(PositionEnd, a_forced_change_that_leaves_nothing_tells_its_cause) {
  Event event(EventType::position_changed, 4, 1, kNoCommand);
  event.position_changed = PositionChanged();
  const auto cause_of = [&](PositionChange cause) {
    event.position_changed.cause = cause;
    const auto end = find_position_end(event, 5);
    return end ? std::optional(end->cause) : std::nullopt;
  };
  EXPECT_EQ(cause_of(PositionChange::taken_over), PositionEndCause::liquidation);
  EXPECT_EQ(cause_of(PositionChange::deleveraged_bankrupt), PositionEndCause::liquidation);
  EXPECT_EQ(cause_of(PositionChange::deleveraged), PositionEndCause::deleveraging);
  EXPECT_EQ(cause_of(PositionChange::settled), PositionEndCause::settlement);
  event.position_changed.base = Lots(1);
  EXPECT_EQ(cause_of(PositionChange::deleveraged), std::nullopt) << "a part of it";
}

INSTANTIATE_TEST_SUITE_P(Databases, HistoryTriggersTest, kEveryDatabase, kind_name);

}  // namespace
}  // namespace perpetua::stores
