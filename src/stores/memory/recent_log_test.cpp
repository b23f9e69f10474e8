#include "stores/memory/recent_log.hpp"

#include <gtest/gtest.h>

namespace perpetua::stores {
namespace {

std::vector<int> chain(const RecentLog<int>& log, RecentLog<int>::Head head) {
  std::vector<int> rows;
  log.visit_chain(head, [&](int row) {
    rows.push_back(row);
    return true;
  });
  return rows;
}

TEST(RecentLog, each_owner_sees_its_own_rows_newest_first) {
  RecentLog<int> log(8);
  RecentLog<int>::Head odd = 0;
  RecentLog<int>::Head even = 0;
  for (int i = 1; i <= 6; ++i) log.push(i % 2 == 0 ? even : odd, i);
  EXPECT_EQ(chain(log, odd), (std::vector{5, 3, 1}));
  EXPECT_EQ(chain(log, even), (std::vector{6, 4, 2}));
}

TEST(RecentLog, a_full_ring_forgets_the_oldest_rows_of_all) {
  RecentLog<int> log(4);
  RecentLog<int>::Head quiet = 0;
  RecentLog<int>::Head busy = 0;
  log.push(quiet, 100);
  log.push(quiet, 101);
  for (int i = 1; i <= 3; ++i) log.push(busy, i);
  EXPECT_EQ(chain(log, quiet), std::vector{101});
  log.push(busy, 4);
  EXPECT_TRUE(chain(log, quiet).empty());
  EXPECT_EQ(chain(log, busy), (std::vector{4, 3, 2, 1}));
  EXPECT_EQ(log.size(), 4u);
  log.push(quiet, 102);
  EXPECT_EQ(chain(log, quiet), std::vector{102});
}

TEST(RecentLog, a_visitor_can_stop) {
  RecentLog<int> log(4);
  RecentLog<int>::Head head = 0;
  for (int i = 1; i <= 4; ++i) log.push(head, i);
  int visited = 0;
  log.visit_all([&](int) { return ++visited < 2; });
  EXPECT_EQ(visited, 2);
}

}  // namespace
}  // namespace perpetua::stores
