#include "engine/market/trigger_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace perpetua {
namespace {

Trigger stop(AgentId agent, Side side, int64_t at) {
  Trigger trigger;
  trigger.agent = agent;
  trigger.side = side;
  trigger.at = Price(at);
  trigger.is_protective = 1;
  trigger.is_market = 1;
  return trigger;
}

std::vector<uint32_t> due_at(const TriggerTable& table, int64_t mark) {
  std::vector<TriggerTable::Named> due;
  table.collect(Price(mark), due);
  std::vector<uint32_t> slots;
  for (const TriggerTable::Named& named : due) slots.push_back(named.slot);
  return slots;
}

TEST(TriggerTable, the_price_reached_first_fires_first_and_the_older_of_two) {
  TriggerTable table(3);
  const uint32_t low = table.add(stop(1, Side::sell, 90));
  const uint32_t high = table.add(stop(2, Side::sell, 95));
  const uint32_t high_too = table.add(stop(3, Side::sell, 95));
  const uint32_t above = table.add(stop(4, Side::buy, 80));
  EXPECT_TRUE(due_at(table, 96) == std::vector<uint32_t>{above});
  EXPECT_EQ(due_at(table, 95), (std::vector<uint32_t>{high, high_too, above}));
  EXPECT_EQ(due_at(table, 85), (std::vector<uint32_t>{high, high_too, low, above}));
}

TEST(TriggerTable, a_take_profit_is_met_on_the_other_side_of_a_stop) {
  Trigger target = stop(1, Side::sell, 110);
  target.kind = TriggerKind::take_profit;
  EXPECT_FALSE(target.is_met(Price(109)));
  EXPECT_TRUE(target.is_met(Price(110)));
  EXPECT_TRUE(stop(1, Side::sell, 90).is_met(Price(90)));
  EXPECT_FALSE(stop(1, Side::sell, 90).is_met(Price(91)));
}

TEST(TriggerTable, an_id_names_one_trigger_for_ever_and_never_an_order) {
  TriggerTable table(3);
  const uint32_t slot = table.add(stop(1, Side::sell, 90));
  const OrderId first = table.id(slot);
  EXPECT_TRUE(is_trigger(first));
  EXPECT_EQ(order_market(first), 3);
  EXPECT_EQ(table.find(1, first), slot);
  EXPECT_EQ(table.find(2, first), TriggerTable::kNone);
  table.remove(slot);
  EXPECT_EQ(table.find(1, first), TriggerTable::kNone);
  EXPECT_EQ(table.add(stop(1, Side::sell, 90)), slot);
  EXPECT_EQ(table.find(1, first), TriggerTable::kNone);
  EXPECT_EQ(table.find(1, make_order_id(3, slot, 2)), TriggerTable::kNone);
}

TEST(TriggerTable, who_is_removed_leaves_no_partner_behind) {
  TriggerTable table(0);
  const uint32_t first = table.add(stop(1, Side::sell, 90));
  const uint32_t second = table.add(stop(1, Side::sell, 80));
  table.set_partner(first, second);
  table.set_partner(second, first);
  table.check_invariants();
  table.remove(first);
  EXPECT_EQ(table[second].partner, TriggerTable::kNone);
  table.check_invariants();
}

TEST(TriggerTable, a_fired_one_is_due_no_more_and_listed_by_age) {
  TriggerTable table(0);
  const uint32_t older = table.add(stop(1, Side::sell, 90));
  const uint32_t younger = table.add(stop(2, Side::sell, 95));
  table.set_fired(younger);
  table.set_fired(older);
  EXPECT_TRUE(due_at(table, 1).empty());
  ASSERT_EQ(table.fired().size(), 2u);
  EXPECT_EQ(table.fired()[0].slot, older);
  table.check_invariants();
}

// Random life of a table: who is due is what looking at all of them says, also after save and load.
TEST(TriggerTable, agrees_with_a_scan_of_everybody) {
  std::mt19937 random(7);
  TriggerTable table(1);
  std::vector<uint32_t> live;
  for (int step = 0; step < 4'000; ++step) {
    const uint32_t what = random() % 10;
    if (what < 5 || live.empty()) {
      Trigger trigger = stop(1 + random() % 9, random() % 2 == 0 ? Side::buy : Side::sell,
                             static_cast<int64_t>(50 + random() % 100));
      if (random() % 3 == 0) trigger.kind = TriggerKind::take_profit;
      live.push_back(table.add(trigger));
    } else {
      const std::size_t place = random() % live.size();
      const uint32_t slot = live[place];
      if (what < 8) {
        table.remove(slot);
        live.erase(live.begin() + static_cast<std::ptrdiff_t>(place));
      } else if (table[slot].status == TriggerStatus::waiting) {
        if (what == 8) table.set_fired(slot);
        if (what == 9) table.move(slot, Price(50 + random() % 100), Price(0));
      }
    }
    if (step % 50 != 0) continue;
    table.check_invariants();
    VectorSink sink;
    table.save(sink);
    TriggerTable copy(1);
    MemorySource source(sink.bytes().data(), sink.bytes().size());
    ASSERT_TRUE(copy.load(source) && source.left() == 0);
    copy.check_invariants();
    const auto mark = static_cast<int64_t>(50 + random() % 100);
    std::vector<uint32_t> expected;
    for (const uint32_t slot : live) {
      const bool waits = table[slot].status == TriggerStatus::waiting;
      if (waits && table[slot].is_met(Price(mark))) expected.push_back(slot);
    }
    std::vector<uint32_t> found = due_at(table, mark);
    EXPECT_EQ(due_at(copy, mark), found);
    std::sort(found.begin(), found.end());
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(found, expected) << "step " << step;
  }
}

}  // namespace
}  // namespace perpetua
