// Streams: the names in Redis of what the processes of one exchange send each other.
//
//   0..63    `{BTC-PERP}:commands`   of a market, by its id
//   64       `{accounts}:commands`   what belongs to no market
//   65..67   `{spare:<t>}:commands`  taken when the master of the first choice is away
//   batches  `{batches:<t>}:live` (channel), `{batches:<t>}:log` (stream) and `{batches:<t>}:last`
//            (number of the newest batch published by this tag)
//
// Braces are Cluster hash tags. The three tags of spares and of batches lie in three thirds of the
// slot space, so in a Cluster of three masters each has one. docs/redis.md says who reads and
// writes what.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/limits.hpp"

namespace perpetua::cluster {

inline constexpr uint16_t kAccountsStream = limits::kMarketsMax;
inline constexpr uint16_t kSpareStream = kAccountsStream + 1;  // the first of them
inline constexpr unsigned kSpareStreams = 3;
inline constexpr unsigned kBatchTags = 3;

static_assert(kSpareStream + kSpareStreams == limits::kStreamsMax);

// `symbol` of the market; ignored for the others. REQUIRES: stream < limits::kStreamsMax.
std::string stream_key(uint16_t stream, std::string_view symbol = {});

// Says what the gateway (16 hexadecimal digits) has appended; in the slot of the stream.
std::string writer_key(std::string_view stream_key, uint64_t gateway);

// REQUIRES: tag < kBatchTags.
std::string batch_channel(unsigned tag);
std::string batch_log_key(unsigned tag);
std::string batch_last_key(unsigned tag);

}  // namespace perpetua::cluster
