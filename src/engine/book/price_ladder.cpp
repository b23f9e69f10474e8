#include "engine/book/price_ladder.hpp"

#include "base/limits.hpp"

namespace perpetua {

namespace {

constexpr uint32_t words_for(uint32_t bits) { return (bits + 63) / 64; }
static_assert(limits::kPriceMaxTicks <= int64_t{1} << 24, "four 64-ary steps");

bool test(const std::vector<uint64_t>& words, uint32_t bit) {
  return (words[bit >> 6] >> (bit & 63) & 1) != 0;
}

// The highest bit set. REQUIRES: bits != 0.
uint32_t last(uint64_t bits) { return 63 - static_cast<uint32_t>(std::countl_zero(bits)); }

}  // namespace

PriceLadder::PriceLadder(uint32_t price_max)
    : price_max_(price_max),
      directory_(words_for(price_max), kNoPage),
      low_(words_for(words_for(price_max))),
      middle_(words_for(words_for(words_for(price_max)))) {
  PERPETUA_ASSERT(price_max >= 1 && price_max <= limits::kPriceMaxTicks);
}

uint32_t PriceLadder::attach_page(uint32_t number) {
  if (free_pages_.empty()) {
    free_pages_.push_back(static_cast<uint32_t>(pages_.size()));
    pages_.emplace_back();
    page_bits_.push_back(0);
    free_pages_.reserve(pages_.capacity());
  }
  const uint32_t page = free_pages_.back();
  free_pages_.pop_back();
  directory_[number] = page;
  low_[number >> 6] |= 1ull << (number & 63);
  middle_[number >> 12] |= 1ull << (number >> 6 & 63);
  top_ |= 1ull << (number >> 12);
  return page;
}

void PriceLadder::detach_page(uint32_t number) {
  free_pages_.push_back(directory_[number]);
  directory_[number] = kNoPage;
  if ((low_[number >> 6] &= ~(1ull << (number & 63))) != 0) return;
  if ((middle_[number >> 12] &= ~(1ull << (number >> 6 & 63))) != 0) return;
  top_ &= ~(1ull << (number >> 12));
}

// Up until a word has a bit beyond `number`, then down along the first bits.
uint32_t PriceLadder::first_in_page_above(uint32_t number) const {
  uint64_t bits = low_[number >> 6] & bits_above(number & 63);
  uint32_t low = number >> 6;
  if (bits == 0) {
    uint32_t middle = low >> 6;
    bits = middle_[middle] & bits_above(low & 63);
    if (bits == 0) {
      bits = top_ & bits_above(middle);
      if (bits == 0) return 0;
      middle = static_cast<uint32_t>(std::countr_zero(bits));
      bits = middle_[middle];
    }
    low = middle * 64 + static_cast<uint32_t>(std::countr_zero(bits));
    bits = low_[low];
  }
  const uint32_t found = low * 64 + static_cast<uint32_t>(std::countr_zero(bits));
  return price_at(found, std::countr_zero(page_bits_[directory_[found]]));
}

uint32_t PriceLadder::last_in_page_below(uint32_t number) const {
  uint64_t bits = low_[number >> 6] & bits_below(number & 63);
  uint32_t low = number >> 6;
  if (bits == 0) {
    uint32_t middle = low >> 6;
    bits = middle_[middle] & bits_below(low & 63);
    if (bits == 0) {
      bits = top_ & bits_below(middle);
      if (bits == 0) return 0;
      middle = last(bits);
      bits = middle_[middle];
    }
    low = middle * 64 + last(bits);
    bits = low_[low];
  }
  const uint32_t found = low * 64 + last(bits);
  return price_at(found, static_cast<int>(last(page_bits_[directory_[found]])));
}

void PriceLadder::check_invariants() const {
  uint32_t used = 0;
  for (uint32_t number = 0; number < directory_.size(); ++number) {
    const uint32_t page = directory_[number];
    PERPETUA_ASSERT(test(low_, number) == (page != kNoPage));
    if (page == kNoPage) continue;
    PERPETUA_ASSERT(page < pages_.size() && page_bits_[page] != 0);
    ++used;
    for (uint32_t bit = 0; bit < 64; ++bit) {
      const int64_t lots = pages_[page].levels[bit].lots;
      PERPETUA_ASSERT(lots >= 0 && (lots > 0) == ((page_bits_[page] >> bit & 1) != 0));
    }
  }
  for (uint32_t i = 0; i < low_.size(); ++i) PERPETUA_ASSERT(test(middle_, i) == (low_[i] != 0));
  for (uint32_t i = 0; i < middle_.size(); ++i) {
    PERPETUA_ASSERT((top_ >> i & 1) == (middle_[i] != 0));
  }
  PERPETUA_ASSERT(used == page_count());
  for (const uint32_t page : free_pages_) {
    for (const PriceLevel& level : pages_[page].levels) PERPETUA_ASSERT(level.lots == 0);
  }
}

}  // namespace perpetua
