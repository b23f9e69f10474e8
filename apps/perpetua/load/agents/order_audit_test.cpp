#include "load/agents/order_audit.hpp"

#include <gtest/gtest.h>

namespace perpetua::load {
namespace {

PlacedOrder done(uint64_t number, uint64_t order_id, bool is_cancelled = false) {
  return {number, order_id, Ending::done, is_cancelled};
}

TEST(OrderAudit, orders_that_agree_are_right) {
  const std::vector<PlacedOrder> placed = {done(1, 11),
                                           done(2, 12, true),
                                           {3, 0, Ending::refused},
                                           {4, 0, Ending::failed},
                                           {5, 0, Ending::failed}};
  const AuditCounts counts = compare_orders(placed, {{5, 15, true}, {2, 12, false}, {1, 11, true}});
  EXPECT_TRUE(counts.is_right());
  EXPECT_EQ(counts.acknowledged, 2u);
}

TEST(OrderAudit, each_kind_of_disagreement_is_counted) {
  const std::vector<PlacedOrder> placed = {
      done(1, 11),           done(2, 12), done(3, 13, true), done(4, 14), {5, 0, Ending::refused},
      {6, 0, Ending::failed}};
  const AuditCounts counts = compare_orders(placed, {{6, 16, true},
                                                     {6, 17, true},
                                                     {5, 15, true},
                                                     {4, 99, true},
                                                     {3, 13, true},
                                                     {2, 12, true},
                                                     {2, 18, true}});
  EXPECT_EQ(counts.acknowledged, 4u);
  EXPECT_EQ(counts.lost, 1u);
  EXPECT_EQ(counts.doubled, 2u);
  EXPECT_EQ(counts.contradicted, 2u);
  EXPECT_EQ(counts.cancels_lost, 1u);
  EXPECT_EQ(counts.examples.size(), 6u);
  EXPECT_FALSE(counts.is_right());
}

TEST(OrderAudit, pages_are_read_until_the_run_began) {
  std::vector<HistoryRow> rows;
  std::string cursor;
  const std::string page =
      R"({"items":[{"order_id":"30","client_id":"load-102","side":"buy","status":"open"},)"
      R"({"order_id":"29","client_id":null,"status":"filled"},)"
      R"({"order_id":"28","client_id":"load-101","status":"cancelled"}],"next_cursor":"abc"})";
  EXPECT_TRUE(read_history_page(page, 100, rows, cursor));
  EXPECT_EQ(cursor, "abc");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].number, 102u);
  EXPECT_EQ(rows[0].order_id, 30u);
  EXPECT_TRUE(rows[0].is_open);
  EXPECT_FALSE(rows[1].is_open);
  rows.clear();
  EXPECT_FALSE(read_history_page(page, 102, rows, cursor));
  EXPECT_EQ(rows.size(), 1u);
  EXPECT_FALSE(read_history_page(R"({"items":[],"next_cursor":null})", 1, rows, cursor));
}

TEST(OrderAudit, sums_keep_a_few_examples) {
  AuditCounts sum;
  for (int i = 0; i < 20; ++i) {
    AuditCounts one;
    one.lost = 1;
    one.examples = {"lost"};
    sum.add(one);
  }
  EXPECT_EQ(sum.lost, 20u);
  EXPECT_EQ(sum.examples.size(), kExamplesMax);
}

}  // namespace
}  // namespace perpetua::load
