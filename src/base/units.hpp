// Distinct integer types for money, prices and quantities. No floating point anywhere.
//
//   Price   ticks of one market, int64, > 0 where a price is required
//   Lots    lots of one market, int64; signed where it is a position (long > 0)
//   Micro   micro-USDC, int64
//
// Mixing them does not compile; a product of Price and Lots goes through notional(), which knows
// the market's `value per tick and lot` in micro-USDC (whole, >= 1), so notionals are exact.
// All functions are pure and thread-safe. Overflow bounds: docs/money.md.
#pragma once

#include <compare>
#include <cstdint>

#include "base/assert.hpp"

namespace perpetua {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;

template <class Tag>
struct Amount {
  int64_t value = 0;

  constexpr Amount() = default;
  constexpr explicit Amount(int64_t v) : value(v) {}

  constexpr auto operator<=>(const Amount&) const = default;
  constexpr Amount operator-() const { return Amount(-value); }
  constexpr Amount& operator+=(Amount o) {
    value += o.value;
    return *this;
  }
  constexpr Amount& operator-=(Amount o) {
    value -= o.value;
    return *this;
  }
  friend constexpr Amount operator+(Amount a, Amount b) { return Amount(a.value + b.value); }
  friend constexpr Amount operator-(Amount a, Amount b) { return Amount(a.value - b.value); }
};

using Price = Amount<struct PriceTag>;
using Lots = Amount<struct LotsTag>;
using Micro = Amount<struct MicroTag>;

static_assert(sizeof(Price) == 8);

constexpr int64_t kPpm = 1'000'000;

// floor(a * b / c) and ceil(a * b / c) for any sign of a; REQUIRES: b >= 0, c > 0, result in int64.
// The 64-bit path is the common one; a 128-bit division costs several times more.
constexpr int64_t mul_div_floor(int64_t a, int64_t b, int64_t c) {
  int64_t narrow = 0;
  if (!__builtin_mul_overflow(a, b, &narrow)) return narrow / c - (narrow % c < 0 ? 1 : 0);
  const Int128 product = static_cast<Int128>(a) * b;
  return static_cast<int64_t>(product / c) - (product % c < 0 ? 1 : 0);
}

constexpr int64_t mul_div_ceil(int64_t a, int64_t b, int64_t c) {
  int64_t narrow = 0;
  if (!__builtin_mul_overflow(a, b, &narrow)) return narrow / c + (narrow % c > 0 ? 1 : 0);
  const Int128 product = static_cast<Int128>(a) * b;
  return static_cast<int64_t>(product / c) + (product % c > 0 ? 1 : 0);
}

constexpr int64_t div_ceil(int64_t a, int64_t b) { return a / b + (a % b > 0 ? 1 : 0); }

// |lots| is the caller's: lots >= 0. Exact micro-USDC; REQUIRES: the product fits int64, which
// MarketSpec's bounds guarantee for every accepted order and position.
constexpr Micro notional(Price price, Lots lots, int64_t value_per_tick_lot_micro) {
  const Int128 product = static_cast<Int128>(price.value) * lots.value * value_per_tick_lot_micro;
  PERPETUA_ASSERT(product >= 0 && product <= INT64_MAX);
  return Micro(static_cast<int64_t>(product));
}

}  // namespace perpetua
