// RiskLimits: what an agent may risk, by its own choice or by the operator's default; the command
// that sets them and the events that tell them. Rules: docs/rules-agents.md section 26.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/byte_io.hpp"
#include "base/units.hpp"

namespace perpetua {

// 0: without this limit.
struct RiskLimits {
  Micro position_max;  // notional of one position with its orders
  Micro exposure_max;  // of all positions and orders
  Micro daily_loss_max;
  uint16_t leverage_max = 0;
  uint8_t zero[6] = {};

  bool operator==(const RiskLimits&) const = default;
};
static_assert(sizeof(RiskLimits) == 32 && PlainRecord<RiskLimits>);

// Which limit refused a command; the first value of `limit_exceeded`.
enum class RiskLimit : uint8_t { position = 0, exposure = 1, leverage = 2, daily_loss = 3 };

constexpr std::string_view wire_name(RiskLimit v) {
  constexpr std::string_view names[] = {"max_position_size", "max_total_exposure", "max_leverage",
                                        "max_daily_loss"};
  return names[static_cast<int>(v)];
}

constexpr uint8_t risk_bit(RiskLimit limit) {
  return static_cast<uint8_t>(1u << static_cast<unsigned>(limit));
}
inline constexpr uint8_t kAllRiskLimits = 15;

// Of the agent that sends it: the limits named in `fields` change, the others stay.
struct SetRiskLimits {
  RiskLimits limits;
  uint8_t fields = kAllRiskLimits;  // risk_bit of each
  uint8_t zero[55] = {};
};

// All limits after the change.
struct RiskLimitsChanged {
  RiskLimits limits;
  uint8_t zero[64] = {};
};

// The agent's daily loss counts from here: its first order of the day.
struct RiskDayStarted {
  int64_t day = 0;  // log time / 86,400,000
  Micro start;      // what trading had brought it until then
  uint8_t zero[80] = {};
};

}  // namespace perpetua
