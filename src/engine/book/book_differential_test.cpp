// Random operations on Book and NaiveBook side by side: same slots, ids, queues and prices always.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "base/hash.hpp"
#include "engine/book/book.hpp"
#include "engine/book/naive_book.hpp"

namespace perpetua {
namespace {

struct Shape {
  const char* name;
  int64_t price_max;
  int64_t width;         // prices lie within width of the middle ...
  uint32_t far_permille;  // ... but for these, which lie anywhere, the two ends included
  uint32_t live_max;
  uint32_t drain_every;  // operations between two drains of the whole book
  int64_t middle_step;   // the middle jumps by up to this
};

constexpr Shape kShapes[] = {
    {"dense", 1 << 12, 20, 0, 300, 50'000, 1},
    {"sparse", limits::kPriceMaxTicks, 1'000'000, 20, 200, 20'000, 100'000},
    {"swings", limits::kPriceMaxTicks, 40, 5, 60, 1'000, 4'000'000},
    {"tiny", 3, 3, 0, 12, 500, 1},
    {"odd_end", 64 * 64 + 1, 5'000, 100, 100, 5'000, 3'000},
};

class Pair {
 public:
  Pair(const Shape& shape, uint64_t seed)
      : shape_(shape), state_(seed), middle_(shape.price_max / 2 + 1) {}

  void run(uint32_t operations) {
    for (uint32_t i = 0; i < operations && !testing::Test::HasFailure(); ++i) {
      if (i % shape_.drain_every == shape_.drain_every - 1) drain();
      step();
      compare_quickly();
      if (i % 500 == 0) compare_fully();
      if (i % 10'000 == 9'999) reload();
    }
  }

 private:
  uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ull;
    return hash_mix(state_, state_ >> 7);
  }
  int64_t below(int64_t n) { return static_cast<int64_t>(next() % static_cast<uint64_t>(n)); }
  uint32_t pick() { return live_[static_cast<std::size_t>(below(std::ssize(live_)))]; }

  void step() {
    if (below(200) == 0) {
      middle_ = std::clamp<int64_t>(middle_ + below(2 * shape_.middle_step + 1) -
                                        shape_.middle_step, 1, shape_.price_max);
    }
    const int64_t kind = below(100);
    if (live_.empty() || (kind < 50 && live_.size() < shape_.live_max)) place();
    else if (kind < 70) take_out(pick());
    else if (kind < 80) shrink(pick());
    else if (kind < 90) requeue(pick());
    else sweep();
  }

  int64_t random_price() {
    if (below(1000) < shape_.far_permille) {
      const int64_t where = below(4);
      return where == 0 ? 1 : where == 1 ? shape_.price_max : 1 + below(shape_.price_max);
    }
    return std::clamp<int64_t>(middle_ + below(2 * shape_.width + 1) - shape_.width, 1,
                               shape_.price_max);
  }

  // Rests where it does not cross: at the random price or not at all.
  bool crosses(Side side, Price price) const {
    const Price other = fast_->best(opposite(side));
    if (other == Price(0)) return false;
    return side == Side::buy ? price >= other : price <= other;
  }

  void place() {
    const Side side = static_cast<Side>(below(2));
    const auto agent = static_cast<AgentId>(1 + below(1000));
    const uint32_t slot = fast_->allocate(agent, side);
    ASSERT_EQ(slot, naive_.allocate(agent, side));
    ASSERT_EQ(fast_->id(slot), naive_.id(slot));
    const Price price(random_price());
    if (crosses(side, price)) {
      fast_->release(slot);
      naive_.release(slot);
      return;
    }
    const Lots lots(1 + below(1'000'000));
    fast_->insert(slot, price, lots);
    naive_.insert(slot, price, lots);
    live_.push_back(slot);
  }

  void take_out(uint32_t slot) {
    const OrderId id = fast_->id(slot);
    ASSERT_EQ(fast_->find(id), slot);
    fast_->remove(slot);
    naive_.remove(slot);
    fast_->release(slot);
    naive_.release(slot);
    live_.erase(std::find(live_.begin(), live_.end(), slot));
    ASSERT_EQ(fast_->find(id), kNilSlot);
    ASSERT_EQ(naive_.find(id), kNilSlot);
    dead_ = id;
  }

  void shrink(uint32_t slot) {
    const int64_t remaining = fast_->remaining(slot).value;
    if (remaining == 1) return take_out(slot);
    const Lots by(1 + below(remaining - 1));
    fast_->reduce(slot, by);
    naive_.reduce(slot, by);
  }

  void requeue(uint32_t slot) {
    const Lots lots = fast_->remaining(slot);
    const Price old = fast_->price(slot);
    fast_->remove(slot);
    naive_.remove(slot);
    const Price wanted(random_price());
    const Price price = crosses(fast_->side(slot), wanted) ? old : wanted;
    fast_->insert(slot, price, lots);
    naive_.insert(slot, price, lots);
  }

  void sweep() {
    const Side side = static_cast<Side>(below(2));
    for (int64_t n = below(20); n > 0 && fast_->front(side) != kNilSlot; --n) {
      ASSERT_EQ(fast_->front(side), naive_.front(side));
      take_out(fast_->front(side));
    }
  }

  void drain() {
    while (!live_.empty() && !testing::Test::HasFatalFailure()) take_out(pick());
    compare_fully();
  }

  void compare_quickly() {
    for (const Side side : {Side::buy, Side::sell}) {
      ASSERT_EQ(fast_->best(side), naive_.best(side));
      ASSERT_EQ(fast_->front(side), naive_.front(side));
    }
    ASSERT_EQ(fast_->find(dead_), kNilSlot);
    const Price price(random_price());
    ASSERT_EQ(fast_->level_lots(price), naive_.level_lots(price));
    ASSERT_EQ(fast_->level_front(price), naive_.level_front(price));
    if (!live_.empty()) compare_order(pick());
  }

  void compare_order(uint32_t slot) {
    ASSERT_EQ(fast_->id(slot), naive_.id(slot));
    ASSERT_EQ(fast_->agent(slot), naive_.agent(slot));
    ASSERT_EQ(fast_->side(slot), naive_.side(slot));
    ASSERT_EQ(fast_->price(slot), naive_.price(slot));
    ASSERT_EQ(fast_->remaining(slot), naive_.remaining(slot));
    ASSERT_EQ(fast_->next_in_level(slot), naive_.next_in_level(slot));
    const Price price = fast_->price(slot);
    const Side side = fast_->side(slot);
    ASSERT_EQ(fast_->next_level(side, price), naive_.next_level(side, price));
  }

  void compare_fully() {
    fast_->check_invariants();
    ASSERT_EQ(fast_->slot_count(), naive_.slot_count());
    for (const Side side : {Side::buy, Side::sell}) {
      Price price = fast_->best(side);
      for (; price != Price(0); price = fast_->next_level(side, price)) {
        ASSERT_EQ(fast_->level_lots(price), naive_.level_lots(price));
        uint32_t slot = fast_->level_front(price);
        for (const uint32_t expected : naive_.levels().at(price.value)) {
          ASSERT_EQ(slot, expected);
          slot = fast_->next_in_level(slot);
        }
        ASSERT_EQ(slot, kNilSlot);
        ++levels_seen_;
      }
    }
    ASSERT_EQ(levels_seen_, naive_.levels().size());
    levels_seen_ = 0;
  }

  void reload() {
    VectorSink before;
    fast_->save(before);
    auto copy = std::make_unique<Book>(MarketId{3}, Price(shape_.price_max));
    MemorySource source(before.bytes().data(), before.bytes().size());
    ASSERT_TRUE(copy->load(source));
    VectorSink after;
    copy->save(after);
    ASSERT_EQ(before.bytes(), after.bytes());
    fast_ = std::move(copy);
    compare_fully();
  }

  Shape shape_;
  uint64_t state_;
  int64_t middle_;
  std::unique_ptr<Book> fast_ = std::make_unique<Book>(MarketId{3}, Price(shape_.price_max));
  NaiveBook naive_{3, Price(shape_.price_max)};
  std::vector<uint32_t> live_;
  OrderId dead_ = 0;
  std::size_t levels_seen_ = 0;
};

class BookDifferential : public testing::TestWithParam<Shape> {};

TEST_P(BookDifferential, fast_book_is_the_naive_book) {
  for (const uint64_t seed : {1, 2}) {
    SCOPED_TRACE(seed);
    Pair(GetParam(), seed).run(120'000);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, BookDifferential, testing::ValuesIn(kShapes),
                         [](const auto& shape) { return std::string(shape.param.name); });

}  // namespace
}  // namespace perpetua
