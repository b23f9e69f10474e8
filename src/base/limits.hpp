// Every capacity of the exchange, in one place. Reaching one is an explicit refusal with a coded
// reply, never growth without bound. Documented in docs/limits.md, which the tidy test compares.
#pragma once

#include <cstddef>
#include <cstdint>

namespace perpetua::limits {

// Ledger.
constexpr uint32_t kAgentsMax = 1u << 18;
constexpr uint32_t kKeysPerAgentMax = 16;
constexpr uint32_t kKeysTotalMax = kAgentsMax * 4;          // revoked ones count
constexpr uint32_t kIdempotencyEntriesMax = 1u << 19;       // newest results kept for repeats
constexpr int64_t kAmountMaxMicro = 1'000'000'000'000'000;  // one deposit or transfer: 1e9 USDC
constexpr int64_t kCollateralMaxMicro = 1'000'000'000'000'000'000;  // all deposits together
constexpr int64_t kFaucetPerDayMicro = 100'000'000'000;             // 100,000 USDC an agent and day
constexpr uint32_t kDepositClaimsMax = 1u << 20;                    // payment references, for ever
constexpr int64_t kOnChainWithdrawalMaxMicro = 10'000'000'000;      // 10,000 USDC
constexpr int64_t kOnChainWithdrawalCooldownMs = 60'000;

// Markets.
constexpr uint32_t kMarketsMax = 64;
constexpr uint32_t kOrdersLiveMax = 1u << 24;       // one market
constexpr uint32_t kOpenOrdersPerAgentMax = 1'000;  // one market
constexpr uint32_t kTriggersPerAgentMax = 100;      // one market; brackets of orders come on top
constexpr uint32_t kSignalsPerAgentMax = 100;       // created and not over, one market
constexpr uint32_t kSignalsPerMarketMax = 10'000;   // not over
constexpr int64_t kSignalStakeMinMicro = 10'000;         // 0.01 USDC
constexpr int64_t kSignalStakeMaxMicro = 1'000'000'000;  // 1,000 USDC
constexpr int64_t kSignalChangeMaxPpm = 1'000'000'000;   // target of a price_change
constexpr int64_t kPriceMaxTicks = 1 << 24;
constexpr int64_t kNotionalMaxMicro = 100'000'000'000'000'000;            // one order: 1e11 USDC
constexpr int64_t kNotionalAbsoluteMaxMicro = 4'000'000'000'000'000'000;  // lots_max at price_max
constexpr uint32_t kLeverageMax = 100;
constexpr uint32_t kTiersMax = 4;

// Text, bytes.
constexpr std::size_t kWalletBytesMax = 128;
constexpr std::size_t kDisplayNameBytesMax = 200;
constexpr std::size_t kBioBytesMax = 500;
constexpr std::size_t kTwitterHandleBytesMax = 64;
constexpr std::size_t kKeyNameBytesMax = 200;
constexpr std::size_t kThoughtBytesMax = 20'000;
constexpr std::size_t kMetadataBytesMax = 4'000;
constexpr std::size_t kReasonBytesMax = 8'000;
constexpr std::size_t kClientIdBytesMax = 36;

// Batches and rings.
constexpr uint32_t kBatchCommandsMax = 2'048;
constexpr uint32_t kBatchTextBytesMax = 1u << 20;
constexpr uint32_t kBatchesInFlightMax = 64;
constexpr uint32_t kCommandRingSlots = 1u << 15;
constexpr uint32_t kCommandRingCancelReserve = 1u << 12;  // slots only cancels may take
constexpr uint32_t kOrdersPerRequestMax = 100;            // batch place or cancel
constexpr uint32_t kSubmissionsMax = kOrdersPerRequestMax + 1;  // at once: a request, a marker
constexpr uint32_t kStreamsMax = 68;  // of commands: one a market, accounts, three to spare

// Time.
constexpr int64_t kIndexStaleAfterMs = 10'000;
constexpr uint32_t kIndexStepPpm = 10'000;  // 1 % per accepted update
constexpr uint32_t kIndexSourcesMax = 16;   // of one market in one post
constexpr uint32_t kIndexWeightMax = 1'000'000;
constexpr uint32_t kFreshUpdatesToResume = 3;  // accepted prices after a stale index
constexpr uint32_t kTrailStepPpm = 1'000;      // a trailing stop follows a mark that moved so much
constexpr int64_t kSwitchTimeoutMinMs = 5'000;  // dead-man's switch
constexpr int64_t kSwitchTimeoutMaxMs = 600'000;
constexpr int64_t kMarketChangeDelayMinMs = 60'000;  // from its announcement to its effect
constexpr int64_t kSignalDurationMinMs = 36'000;
constexpr int64_t kSignalDurationMaxMs = 604'800'000;  // seven days
constexpr int64_t kSignalSettleWaitMs = 3'600'000;  // for a live mark after the expiry of a bet

static_assert(kSubmissionsMax <= kBatchCommandsMax);
static_assert(kStreamsMax > kMarketsMax);
static_assert(kCommandRingCancelReserve < kCommandRingSlots);
static_assert(kBatchCommandsMax < kCommandRingSlots);
static_assert((kCommandRingSlots & (kCommandRingSlots - 1)) == 0);
static_assert(kThoughtBytesMax + kMetadataBytesMax <= UINT16_MAX);
static_assert(kThoughtBytesMax + kMetadataBytesMax < kBatchTextBytesMax);
static_assert(kCollateralMaxMicro <= INT64_MAX / 8);

}  // namespace perpetua::limits
