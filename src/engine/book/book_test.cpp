#include "engine/book/book.hpp"

#include <gtest/gtest.h>

#include "engine/book/naive_book.hpp"

namespace perpetua {
namespace {

constexpr Price kPriceMax(limits::kPriceMaxTicks);

// The contract, on the fast book and on the naive one.
template <class B>
class BookContract : public testing::Test {
 protected:
  uint32_t rest(Side side, int64_t price, int64_t lots, AgentId agent = 1) {
    const uint32_t slot = book_.allocate(agent, side);
    book_.insert(slot, Price(price), Lots(lots));
    return slot;
  }
  void take_out(uint32_t slot) {
    book_.remove(slot);
    book_.release(slot);
  }
  B book_{5, kPriceMax};
};
using Books = testing::Types<Book, NaiveBook>;
TYPED_TEST_SUITE(BookContract, Books);

TYPED_TEST(BookContract, empty_book_has_no_prices_and_no_orders) {
  for (const Side side : {Side::buy, Side::sell}) {
    EXPECT_EQ(this->book_.best(side), Price(0));
    EXPECT_EQ(this->book_.front(side), kNilSlot);
  }
  EXPECT_EQ(this->book_.level_front(Price(1)), kNilSlot);
  EXPECT_EQ(this->book_.level_lots(kPriceMax), Lots(0));
  EXPECT_EQ(this->book_.find(0), kNilSlot);
  EXPECT_EQ(this->book_.slot_count(), 0u);
}

TYPED_TEST(BookContract, allocated_order_is_known_but_not_resting) {
  const uint32_t slot = this->book_.allocate(7, Side::sell);
  EXPECT_NE(this->book_.id(slot), 0u);
  EXPECT_EQ(order_market(this->book_.id(slot)), 5);
  EXPECT_EQ(this->book_.find(this->book_.id(slot)), slot);
  EXPECT_EQ(this->book_.agent(slot), 7u);
  EXPECT_EQ(this->book_.side(slot), Side::sell);
  EXPECT_FALSE(this->book_.is_resting(slot));
  EXPECT_EQ(this->book_.remaining(slot), Lots(0));
  EXPECT_EQ(this->book_.best(Side::sell), Price(0));
}

TYPED_TEST(BookContract, queue_keeps_arrival_order_through_cancels_at_every_place) {
  uint32_t slots[5];
  for (int i = 0; i < 5; ++i) slots[i] = this->rest(Side::buy, 100, 10 + i);
  this->take_out(slots[2]);
  this->take_out(slots[0]);
  this->take_out(slots[4]);
  EXPECT_EQ(this->book_.front(Side::buy), slots[1]);
  EXPECT_EQ(this->book_.next_in_level(slots[1]), slots[3]);
  EXPECT_EQ(this->book_.next_in_level(slots[3]), kNilSlot);
  EXPECT_EQ(this->book_.level_lots(Price(100)), Lots(11 + 13));
}

TYPED_TEST(BookContract, reduce_keeps_the_place_and_the_level_sum) {
  const uint32_t first = this->rest(Side::sell, 100, 10);
  this->rest(Side::sell, 100, 20);
  this->book_.reduce(first, Lots(9));
  EXPECT_EQ(this->book_.front(Side::sell), first);
  EXPECT_EQ(this->book_.remaining(first), Lots(1));
  EXPECT_EQ(this->book_.level_lots(Price(100)), Lots(21));
}

TYPED_TEST(BookContract, an_order_inserted_again_goes_to_the_back_with_the_same_id) {
  const uint32_t first = this->rest(Side::sell, 100, 10);
  const uint32_t second = this->rest(Side::sell, 100, 20);
  const OrderId id = this->book_.id(first);
  this->book_.remove(first);
  EXPECT_EQ(this->book_.remaining(first), Lots(0));
  EXPECT_EQ(this->book_.find(id), first);
  this->book_.insert(first, Price(100), Lots(5));
  EXPECT_EQ(this->book_.front(Side::sell), second);
  EXPECT_EQ(this->book_.next_in_level(second), first);
}

TYPED_TEST(BookContract, best_prices_follow_inserts_and_removals_over_far_gaps) {
  const uint32_t low = this->rest(Side::buy, 1, 1);
  const uint32_t high = this->rest(Side::sell, kPriceMax.value, 1);
  const uint32_t bid = this->rest(Side::buy, 5'000'000, 1);
  const uint32_t ask = this->rest(Side::sell, 5'000'001, 1);
  EXPECT_EQ(this->book_.best(Side::buy), Price(5'000'000));
  EXPECT_EQ(this->book_.best(Side::sell), Price(5'000'001));
  EXPECT_EQ(this->book_.next_level(Side::buy, Price(5'000'000)), Price(1));
  EXPECT_EQ(this->book_.next_level(Side::sell, Price(5'000'001)), kPriceMax);
  EXPECT_EQ(this->book_.next_level(Side::buy, Price(1)), Price(0));
  EXPECT_EQ(this->book_.next_level(Side::sell, kPriceMax), Price(0));
  this->take_out(bid);
  this->take_out(ask);
  EXPECT_EQ(this->book_.front(Side::buy), low);
  EXPECT_EQ(this->book_.front(Side::sell), high);
  this->take_out(low);
  this->take_out(high);
  EXPECT_EQ(this->book_.best(Side::buy), Price(0));
  EXPECT_EQ(this->book_.best(Side::sell), Price(0));
}

TYPED_TEST(BookContract, every_distance_between_levels_is_found) {
  constexpr int64_t kAnchor = 1 << 23;
  for (int bit = 0; bit < 23; ++bit) {
    for (const int64_t off : {-1, 0, 1}) {
      const int64_t distance = (int64_t{1} << bit) + off;
      if (distance < 1 || distance >= kAnchor) continue;
      const uint32_t below = this->rest(Side::buy, kAnchor - distance, 1);
      const uint32_t at = this->rest(Side::buy, kAnchor, 1);
      EXPECT_EQ(this->book_.next_level(Side::buy, Price(kAnchor)), Price(kAnchor - distance));
      this->take_out(at);
      EXPECT_EQ(this->book_.front(Side::buy), below);
      this->take_out(below);
      const uint32_t ask = this->rest(Side::sell, kAnchor, 1);
      const uint32_t above = this->rest(Side::sell, kAnchor + distance, 1);
      EXPECT_EQ(this->book_.next_level(Side::sell, Price(kAnchor)), Price(kAnchor + distance));
      this->take_out(ask);
      EXPECT_EQ(this->book_.front(Side::sell), above);
      this->take_out(above);
    }
  }
}

TYPED_TEST(BookContract, slots_are_reused_last_in_first_out_and_ids_never) {
  const uint32_t first = this->rest(Side::buy, 10, 1);
  const uint32_t second = this->rest(Side::buy, 10, 1);
  const OrderId first_id = this->book_.id(first);
  this->take_out(second);
  this->take_out(first);
  EXPECT_EQ(this->book_.find(first_id), kNilSlot);
  const uint32_t again = this->book_.allocate(1, Side::sell);
  EXPECT_EQ(again, first);
  EXPECT_NE(this->book_.id(again), first_id);
  EXPECT_EQ(this->book_.find(first_id), kNilSlot);
  EXPECT_EQ(this->book_.allocate(1, Side::sell), second);
  EXPECT_EQ(this->book_.slot_count(), 2u);
}

TYPED_TEST(BookContract, foreign_and_future_ids_are_not_found) {
  const uint32_t slot = this->rest(Side::buy, 10, 1);
  EXPECT_EQ(this->book_.find(make_order_id(4, slot, 1)), kNilSlot);
  EXPECT_EQ(this->book_.find(make_order_id(5, slot, 2)), kNilSlot);
  EXPECT_EQ(this->book_.find(make_order_id(5, slot + 1, 1)), kNilSlot);
  EXPECT_EQ(this->book_.find(~OrderId{0}), kNilSlot);
  this->take_out(slot);
  EXPECT_EQ(this->book_.find(this->book_.id(slot)), kNilSlot);  // the id the slot gets next
}

// Save and load.

std::vector<std::byte> saved(const Book& book) {
  VectorSink sink;
  book.save(sink);
  return sink.bytes();
}

[[nodiscard]] bool load_bytes(Book& book, const std::vector<std::byte>& bytes) {
  MemorySource source(bytes.data(), bytes.size());
  return book.load(source) && source.left() == 0;
}

// The node of a slot inside saved bytes; the changed one goes back when it is destroyed.
class NodeIn {
 public:
  NodeIn(std::vector<std::byte>& bytes, uint32_t slot)
      : at_(bytes.data() + 8 + slot * sizeof(OrderNode)) {
    std::memcpy(&node_, at_, sizeof node_);
  }
  ~NodeIn() { std::memcpy(at_, &node_, sizeof node_); }
  NodeIn(const NodeIn&) = delete;
  NodeIn& operator=(const NodeIn&) = delete;
  OrderNode* operator->() { return &node_; }

 private:
  std::byte* at_;
  OrderNode node_;
};

// Slots 0..3: bid 10, bid 10, ask 20, free.
std::vector<std::byte> small_state() {
  Book book(0, Price(100));
  for (const auto& [side, price] :
       {std::pair(Side::buy, 10), {Side::buy, 10}, {Side::sell, 20}, {Side::sell, 30}}) {
    book.insert(book.allocate(1, side), Price(price), Lots(5));
  }
  book.remove(3);
  book.release(3);
  return saved(book);
}

TEST(BookState, small_state_loads) {
  Book book(0, Price(100));
  ASSERT_TRUE(load_bytes(book, small_state()));
  book.check_invariants();
  EXPECT_EQ(book.front(Side::buy), 0u);
  EXPECT_EQ(book.next_in_level(0), 1u);
  EXPECT_EQ(book.best(Side::sell), Price(20));
  EXPECT_EQ(saved(book), small_state());
}

TEST(BookState, load_replaces_what_the_book_held) {
  Book book(0, Price(100));
  book.insert(book.allocate(1, Side::sell), Price(10), Lots(5));
  ASSERT_TRUE(load_bytes(book, small_state()));
  book.check_invariants();
  EXPECT_EQ(saved(book), small_state());
}

TEST(BookState, every_truncation_is_refused) {
  const std::vector<std::byte> whole = small_state();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Book book(0, Price(100));
    EXPECT_FALSE(load_bytes(book, {whole.begin(), whole.begin() + static_cast<long>(size)}));
  }
}

TEST(BookState, every_broken_link_price_flag_or_amount_is_refused) {
  using Breaker = void (*)(std::vector<std::byte>&);
  const Breaker breakers[] = {
      [](auto& b) { NodeIn(b, 0)->next = kNilSlot; },
      [](auto& b) { NodeIn(b, 0)->next = 2; },
      [](auto& b) { NodeIn(b, 0)->next = 99; },
      [](auto& b) { NodeIn(b, 0)->prev = 1; NodeIn(b, 1)->next = 0; },  // a ring
      [](auto& b) { NodeIn(b, 1)->prev = kNilSlot; NodeIn(b, 0)->next = kNilSlot; },
      [](auto& b) { NodeIn(b, 1)->price = 11; },
      [](auto& b) { NodeIn(b, 1)->flags = kNodeLive | kNodeSell; },  // two sides on one level
      [](auto& b) { NodeIn(b, 2)->price = 101; },
      [](auto& b) { NodeIn(b, 2)->price = 10; },
      [](auto& b) { NodeIn(b, 2)->price = 9; },  // crossed
      [](auto& b) { NodeIn(b, 2)->price = 0; },
      [](auto& b) { NodeIn(b, 2)->remaining = 0; },
      [](auto& b) { NodeIn(b, 2)->remaining = -1; },
      [](auto& b) { NodeIn(b, 0)->remaining = INT64_MAX; },  // the level overflows
      [](auto& b) { NodeIn(b, 2)->generation = 0; },
      [](auto& b) { NodeIn(b, 2)->flags = 7; },
      [](auto& b) { NodeIn(b, 2)->flags = 0; },
      [](auto& b) { NodeIn(b, 3)->flags = 2; },
      [](auto& b) { NodeIn(b, 3)->agent = 1; },
      [](auto& b) { NodeIn(b, 3)->next = 3; },
      [](auto& b) { NodeIn(b, 3)->generation = 0; },  // retired, yet in the free list
      [](auto& b) { b[4] = std::byte{0}; },           // the free list starts at a live order
      [](auto& b) { b[4] = std::byte{4}; },           // the free list starts behind the pool
  };
  int index = 0;
  for (const Breaker breaker : breakers) {
    std::vector<std::byte> bytes = small_state();
    breaker(bytes);
    Book book(0, Price(100));
    EXPECT_FALSE(load_bytes(book, bytes)) << "breaker " << index;
    ++index;
  }
}

TEST(BookState, slot_with_a_used_up_generation_is_retired) {
  std::vector<std::byte> bytes = small_state();
  NodeIn(bytes, 3)->generation = 0xFFFFFFFF;
  Book book(0, Price(100));
  ASSERT_TRUE(load_bytes(book, bytes));
  EXPECT_EQ(book.allocate(1, Side::buy), 3u);
  EXPECT_EQ(book.find(book.id(3)), 3u);
  book.release(3);
  EXPECT_EQ(book.allocate(1, Side::buy), 4u);
  Book copy(0, Price(100));
  ASSERT_TRUE(load_bytes(copy, saved(book)));
  EXPECT_EQ(copy.allocate(1, Side::buy), book.allocate(1, Side::buy));
}

TEST(BookCapacity, reserve_lets_allocate_run_without_growth) {
  Book book(0, Price(100));
  book.reserve(5'000);
  const uint32_t first = book.allocate(1, Side::buy);
  book.prefetch(book.id(first));
  for (int i = 1; i < 5'000; ++i) book.allocate(1, Side::buy);
  EXPECT_EQ(book.slot_count(), 5'000u);
  EXPECT_EQ(book.live_count(), 5'000u);
  EXPECT_FALSE(book.is_full());
}

TEST(BookLadder, pages_live_only_while_a_level_of_theirs_is_occupied) {
  PriceLadder ladder(static_cast<uint32_t>(kPriceMax.value));
  for (uint32_t round = 0; round < 100; ++round) {
    const uint32_t price = 1 + round * 160'000;
    ladder.occupy(price).lots = 1;
    EXPECT_EQ(ladder.page_count(), 1u);
    ladder.occupied(price).lots = 0;
    ladder.vacate(price);
  }
  EXPECT_EQ(ladder.page_count(), 0u);
  ladder.check_invariants();
}

using BookDeathTest = testing::Test;

TEST(BookDeathTest, misuse_aborts) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  Book book(0, Price(100));
  const uint32_t bid = book.allocate(1, Side::buy);
  book.insert(bid, Price(50), Lots(5));
  const uint32_t ask = book.allocate(1, Side::sell);
  EXPECT_DEATH(book.insert(ask, Price(50), Lots(5)), "invariant");  // crosses
  EXPECT_DEATH(book.insert(ask, Price(101), Lots(5)), "invariant");
  EXPECT_DEATH(book.insert(ask, Price(0), Lots(5)), "invariant");
  EXPECT_DEATH(book.insert(ask, Price(60), Lots(0)), "invariant");
  EXPECT_DEATH(book.insert(bid, Price(40), Lots(1)), "invariant");  // rests already
  EXPECT_DEATH(book.reduce(bid, Lots(5)), "invariant");
  EXPECT_DEATH(book.remove(ask), "invariant");
  EXPECT_DEATH(book.release(bid), "invariant");
  EXPECT_DEATH(Book(64, Price(100)), "invariant");
  EXPECT_DEATH(Book(0, Price(limits::kPriceMaxTicks + 1)), "invariant");
}

}  // namespace
}  // namespace perpetua
