// BookLevels against a map of levels, through a random life of orders; and what it says of a batch.
#include "stores/memory/book_levels.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace perpetua::stores {
namespace {

constexpr MarketId kMarket = 3;

struct NaiveLevel {
  int64_t lots = 0;
  uint32_t orders = 0;
};
using NaiveSide = std::map<int64_t, NaiveLevel>;

std::vector<BookLevel> best_first(const NaiveSide& levels, Side side, std::size_t depth) {
  std::vector<BookLevel> all;
  for (const auto& [price, level] : levels) {
    all.push_back({Price(price), Lots(level.lots), level.orders});
  }
  if (side == Side::buy) std::reverse(all.begin(), all.end());
  all.resize(std::min(depth, all.size()));
  return all;
}

void expect_same(const std::vector<BookLevel>& found, const std::vector<BookLevel>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i].price, expected[i].price) << "level " << i;
    ASSERT_EQ(found[i].lots, expected[i].lots) << "level " << i;
    ASSERT_EQ(found[i].orders, expected[i].orders) << "level " << i;
  }
}

struct Order {
  Side side;
  int64_t price;
  int64_t lots;
};

// Orders rest, are filled in part or wholly, or go; far from the best price, and near it.
class Life {
 public:
  explicit Life(uint64_t seed) : random_(seed) {}

  void step() {
    if (orders_.empty() || number(0, 99) < 52) return rest();
    const std::size_t index = static_cast<std::size_t>(number(0, count() - 1));
    Order& order = orders_[index];
    const int64_t gone = number(0, 1) == 0 ? order.lots : number(1, order.lots);
    const bool leaves = gone == order.lots;
    levels.remove(order.side, Price(order.price), Lots(gone), leaves);
    NaiveSide& naive = side(order.side);
    naive[order.price].lots -= gone;
    if (leaves) --naive[order.price].orders;
    if (naive[order.price].lots == 0) naive.erase(order.price);
    order.lots -= gone;
    if (!leaves) return;
    orders_[index] = orders_.back();
    orders_.pop_back();
  }

  void expect_all_same() {
    for (const std::size_t depth : {std::size_t{1}, std::size_t{9}, std::size_t{100'000}}) {
      const BookView view = levels.view(kMarket, depth);
      expect_same(view.bids, best_first(bids, Side::buy, depth));
      expect_same(view.asks, best_first(asks, Side::sell, depth));
    }
    EXPECT_EQ(levels.best(Side::buy), Price(bids.empty() ? 0 : bids.rbegin()->first));
    EXPECT_EQ(levels.best(Side::sell), Price(asks.empty() ? 0 : asks.begin()->first));
  }

  BookLevels levels;
  NaiveSide bids;
  NaiveSide asks;

 private:
  int64_t number(int64_t least, int64_t most) {
    return std::uniform_int_distribution<int64_t>(least, most)(random_);
  }
  int64_t count() const { return static_cast<int64_t>(orders_.size()); }
  NaiveSide& side(Side side) { return side == Side::buy ? bids : asks; }

  void rest() {
    const Side side = number(0, 1) == 0 ? Side::buy : Side::sell;
    const int64_t distance = number(0, 3) == 0 ? number(1, 500) : number(1, 12);
    const int64_t price = 1'000 + (side == Side::buy ? -distance : distance);
    const Order order{side, price, number(1, 9)};
    levels.add(side, Price(price), Lots(order.lots));
    NaiveLevel& level = this->side(side)[price];
    level.lots += order.lots;
    ++level.orders;
    orders_.push_back(order);
  }

  std::mt19937_64 random_;
  std::vector<Order> orders_;
};

TEST(BookLevels, holds_what_a_map_of_levels_holds) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Life life(seed);
    life.expect_all_same();
    for (int i = 0; i < 2'000; ++i) {
      life.step();
      if (i % 7 == 0) life.expect_all_same();
      if (HasFatalFailure()) FAIL() << "seed " << seed << ", step " << i;
    }
  }
}

TEST(BookLevels, a_delta_names_each_changed_level_once_best_first) {
  BookLevels levels;
  levels.start_batch(7, 70);
  for (const int64_t price : {90, 95, 93}) levels.add(Side::buy, Price(price), Lots(2));
  for (const int64_t price : {101, 99}) levels.add(Side::sell, Price(price), Lots(3));
  levels.start_batch(8, 80);
  levels.remove(Side::buy, Price(93), Lots(1), false);
  levels.remove(Side::buy, Price(93), Lots(1), true);
  levels.add(Side::buy, Price(94), Lots(5));
  levels.remove(Side::sell, Price(101), Lots(1), false);
  const BookDelta delta = levels.last_delta(kMarket);
  EXPECT_EQ(delta.batch, 8u);
  EXPECT_EQ(delta.sequence, 2u);
  EXPECT_EQ(delta.time_ms, 80);
  expect_same(delta.bids, {{Price(94), Lots(5), 1}, {Price(93), Lots(0), 0}});
  expect_same(delta.asks, {{Price(101), Lots(2), 1}});
}

TEST(BookLevelsDeathTest, taking_more_than_a_level_holds_aborts) {
  BookLevels levels;
  levels.add(Side::buy, Price(90), Lots(2));
  EXPECT_DEATH(levels.remove(Side::buy, Price(90), Lots(3), true), "");
  EXPECT_DEATH(levels.remove(Side::buy, Price(91), Lots(1), true), "");
}

}  // namespace
}  // namespace perpetua::stores
