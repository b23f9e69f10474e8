// PriceLadder: the price levels of one market, both sides in one, and the search for the nearest
// occupied price.
//
//   occupied pages, 64-ary:  [top: 1 word] -> [64 words] -> [4096 words] -> page -> 64 levels
//   directory:               (price - 1) >> 6 -> page number, or none
//
// A page holds the 64 levels of neighbouring prices and exists only while one of them is occupied,
// so a far price or a wide swing costs one page (1 KiB) and nothing is ever re-based. An empty page
// has lots = 0 in all its levels, so a recycled one needs no clearing. A search for the next price
// takes at most 7 word steps. Knows nothing of orders: head and tail are the book's.
// Not thread-safe. Invariants: a level is occupied exactly while its lots are > 0.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "base/assert.hpp"
#include "base/units.hpp"

namespace perpetua {

struct PriceLevel {
  int64_t lots = 0;   // sum of the remaining lots of its orders
  uint32_t head = 0;  // first and last slot of the FIFO; meaningless while lots is 0
  uint32_t tail = 0;
};
static_assert(sizeof(PriceLevel) == 16);

class PriceLadder {
 public:
  explicit PriceLadder(uint32_t price_max);

  uint32_t price_max() const { return price_max_; }

  // REQUIRES: the level is occupied.
  PriceLevel& occupied(uint32_t price) { return level(directory_[page_of(price)], price); }
  const PriceLevel& occupied(uint32_t price) const {
    return pages_[directory_[page_of(price)]].levels[level_of(price)];
  }

  // nullptr if the level is empty. REQUIRES: 1 <= price <= price_max.
  const PriceLevel* find(uint32_t price) const {
    const uint32_t page = directory_[page_of(price)];
    if (page == kNoPage || (page_bits_[page] >> level_of(price) & 1) == 0) return nullptr;
    return &pages_[page].levels[level_of(price)];
  }

  // The level, occupied or not; the caller then puts lots > 0 into it. Valid until the next call.
  PriceLevel& occupy(uint32_t price) {
    uint32_t page = directory_[page_of(price)];
    if (page == kNoPage) [[unlikely]] page = attach_page(page_of(price));
    page_bits_[page] |= 1ull << level_of(price);
    return level(page, price);
  }

  // REQUIRES: the level was occupied and its lots are 0 now.
  void vacate(uint32_t price) {
    const uint32_t page = directory_[page_of(price)];
    if ((page_bits_[page] &= ~(1ull << level_of(price))) == 0) [[unlikely]] {
      detach_page(page_of(price));
    }
  }

  // Nearest occupied price beyond `price` (which may be empty), 0 if there is none.
  // REQUIRES: 1 <= price <= price_max.
  uint32_t next_above(uint32_t price) const {
    const uint32_t page = directory_[page_of(price)];
    if (page != kNoPage) {
      const uint64_t bits = page_bits_[page] & bits_above(level_of(price));
      if (bits != 0) return price_at(page_of(price), std::countr_zero(bits));
    }
    return first_in_page_above(page_of(price));
  }
  uint32_t next_below(uint32_t price) const {
    const uint32_t page = directory_[page_of(price)];
    if (page != kNoPage) {
      const uint64_t bits = page_bits_[page] & bits_below(level_of(price));
      if (bits != 0) return price_at(page_of(price), 63 - std::countl_zero(bits));
    }
    return last_in_page_below(page_of(price));
  }

  // Pages in use now.
  uint32_t page_count() const { return static_cast<uint32_t>(pages_.size() - free_pages_.size()); }

  // Bitmap, directory and levels agree; aborts if not.
  void check_invariants() const;

 private:
  static constexpr uint32_t kNoPage = 0xFFFFFFFF;
  struct alignas(64) Page {
    PriceLevel levels[64];
  };
  static_assert(sizeof(Page) == 1024);

  static uint32_t page_of(uint32_t price) { return (price - 1) >> 6; }
  static uint32_t level_of(uint32_t price) { return (price - 1) & 63; }
  static uint32_t price_at(uint32_t page, int level) {
    return page * 64 + static_cast<uint32_t>(level) + 1;
  }
  static uint64_t bits_above(uint32_t bit) { return ~1ull << bit; }
  static uint64_t bits_below(uint32_t bit) { return (1ull << bit) - 1; }

  PriceLevel& level(uint32_t page, uint32_t price) { return pages_[page].levels[level_of(price)]; }
  uint32_t attach_page(uint32_t number);
  void detach_page(uint32_t number);
  uint32_t first_in_page_above(uint32_t number) const;
  uint32_t last_in_page_below(uint32_t number) const;

  uint32_t price_max_;
  std::vector<uint32_t> directory_;   // page number -> index in pages_
  std::vector<Page> pages_;
  std::vector<uint64_t> page_bits_;   // occupied levels of pages_[i]
  std::vector<uint32_t> free_pages_;  // indices in pages_ that no number uses
  std::vector<uint64_t> low_;         // bit n: page number n exists
  std::vector<uint64_t> middle_;      // bit n: low_[n] is not zero
  uint64_t top_ = 0;                  // bit n: middle_[n] is not zero
};

}  // namespace perpetua
