// Traffic: which orders the simulated agents send.
//
// A mix that keeps books and positions bounded: limit orders a few basis points around the mark,
// some that cross (ioc, buying and selling in turn), and cancels; no agent keeps more than
// kOpenOrdersKept x batch orders open. A request holds exactly `batch` orders or cancels. The same
// seed gives the same orders for the same replies. Prices in ticks, sizes in lots. One thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/schema/types.hpp"

namespace perpetua::load {

inline constexpr std::size_t kOpenOrdersKept = 4;

struct TradedMarket {
  std::string symbol;
  int64_t tick_size_e9 = 0;
  int64_t lot_size_e9 = 0;
  int64_t notional_min_micro = 0;
  int64_t mark_ticks = 0;
};

struct NewOrder {
  uint32_t market = 0;  // index into Traffic::markets()
  Side side = Side::buy;
  int64_t price_ticks = 0;
  int64_t lots = 0;
  bool is_ioc = false;
  uint64_t number = 0;  // unique in this run; becomes the client id
};

// One request: either orders or cancels.
struct Action {
  std::vector<NewOrder> orders;
  std::vector<uint64_t> cancels;  // order ids
};

enum class Verdict : uint8_t { ok, rejected, error };

struct OrderReply {
  Verdict verdict = Verdict::error;
  uint64_t order_id = 0;
  bool is_open = false;  // rests in the book now
};

class Traffic {
 public:
  // REQUIRES: markets not empty, every mark_ticks > 0, batch > 0.
  // Orders are numbered from first_number on.
  Traffic(std::vector<TradedMarket> markets, uint32_t agents, uint32_t batch, uint64_t seed,
          uint64_t first_number = 1);

  // From now on the agent trades this market alone; an unknown symbol changes nothing.
  void set_market(uint32_t agent, std::string_view symbol);

  void next(uint32_t agent, Action& action);
  void on_replies(uint32_t agent, std::span<const OrderReply> replies);
  void on_closed(uint32_t agent, uint64_t order_id);  // filled, or cancelled by the exchange
  void set_mark(std::string_view symbol, int64_t mark_ticks);

  const std::vector<TradedMarket>& markets() const { return markets_; }

 private:
  static constexpr uint32_t kAnyMarket = UINT32_MAX;
  struct Agent {
    std::vector<uint64_t> open;  // oldest first
    uint32_t market = kAnyMarket;
    bool buys_next = false;
  };

  NewOrder make_order(Agent& agent);
  uint64_t random(uint64_t bound);

  std::vector<TradedMarket> markets_;
  std::vector<Agent> agents_;
  const uint32_t batch_;
  uint64_t random_state_;
  uint64_t next_number_;
};

}  // namespace perpetua::load
