// Outcome: the exchange's answer to one command. A reply is a pure function of (command, outcome),
// and the idempotency table stores outcomes, so a repeat gets the first answer again.
//
// What `id` and `values` hold:
//   place, amend   id order; values: filled lots, filled notional micro, resting lots, price ticks
//                  (limit or bound after slide); status and, if closed, reason
//   cancel         id order; values: filled lots, filled notional micro, cancelled lots,
//                  price ticks
//   cancel_all     count: orders cancelled
//   register       id agent; values[0] key id
//   create_key     id key
//   money          values: free, reserved, position margin (micro-USDC), all after the command
//   post_thought   id thought
//   create_signal  id signal; values: mark ticks, expires_at_ms
//   fade_signal    id signal; values: pot (micro-USDC), creator
//   update_price   values: accepted index ticks, mark ticks
//   create_market  id market
//   rejections     insufficient_*: values needed, available (micro-USDC); price_out_of_band: price,
//                  lowest, highest (ticks); would_cross: touching price; leverage_too_high: given,
//                  allowed; size_too_small / _large: given, bound (micro-USDC); faucet_limit:
//                  wanted, left, ms until the window ends; conflicting_position: position lots,
//                  opposite open lots; wallet_taken: nothing (it would name another agent);
//                  limit_exceeded: RiskLimit, given, allowed; withdrawal_cooldown: ms left;
//                  too_many_signals: count, maximum; invalid_target: given, lowest, highest
#pragma once

#include "engine/schema/result_code.hpp"
#include "engine/schema/types.hpp"

namespace perpetua {

struct Outcome {
  ResultCode code = ResultCode::ok;
  OrderStatus status = OrderStatus::none;
  CloseReason reason = CloseReason::none;
  uint32_t count = 0;
  uint64_t id = 0;
  int64_t values[4] = {};
  uint8_t replayed = 0;  // 1: a repeat; nothing was executed
  uint8_t zero[7] = {};

  bool operator==(const Outcome&) const = default;
};
static_assert(sizeof(Outcome) == 56);

inline Outcome rejected(ResultCode code, int64_t first = 0, int64_t second = 0, int64_t third = 0) {
  Outcome outcome;
  outcome.code = code;
  outcome.values[0] = first;
  outcome.values[1] = second;
  outcome.values[2] = third;
  return outcome;
}

}  // namespace perpetua
