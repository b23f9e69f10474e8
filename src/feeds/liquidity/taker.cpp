#include "feeds/liquidity/taker.hpp"

#include <algorithm>
#include <utility>

#include "base/hash.hpp"

namespace perpetua::feeds {

namespace {

constexpr int64_t kOrderValidMs = 5'000;

}  // namespace

uint64_t RandomSequence::next() {
  state_ += 0x9E3779B97F4A7C15ull;
  uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

int64_t RandomSequence::between(int64_t low, int64_t high) {
  PERPETUA_ASSERT(low <= high);
  const uint64_t span = static_cast<uint64_t>(high - low) + 1;
  return low + static_cast<int64_t>(next() % span);
}

Taker::Taker(AgentProfile profile, uint32_t index, const MarketSpec& spec,
             const TakerOptions& options)
    : session_(std::move(profile), index),
      spec_(spec),
      options_(options),
      random_(hash_mix(options.seed, index)) {
  PERPETUA_ASSERT(options_.interval_mean_ms > 0 && options_.position_max.value > 0);
  PERPETUA_ASSERT(options_.notional_min <= options_.notional_max);
}

void Taker::on_tick(int64_t now_ms, const MarketNow& market, CommandSink& sink) {
  if (!session_.advance(now_ms, sink) || in_flight_ != 0 || now_ms < next_at_ms_) return;
  if (!market.is_tradable(now_ms, options_.price_stale_after_ms)) return;
  next_at_ms_ = now_ms + random_.between(1, 2 * options_.interval_mean_ms);
  in_flight_ = session_.send(next_order(market.index, now_ms), sink);
}

void Taker::on_outcome(uint64_t token, const Outcome& outcome, int64_t now_ms) {
  if (session_.on_outcome(token, outcome, now_ms)) return;
  if (token != in_flight_) return;
  in_flight_ = 0;
  if (outcome.code == ResultCode::market_closed) next_at_ms_ = now_ms + kClosedPauseMs;
}

void Taker::on_market_changed(const MarketSpec& spec, uint16_t leverage) {
  spec_ = spec;
  session_.set_leverage(leverage);
}

Command Taker::next_order(Price index, int64_t now_ms) {
  const Int128 worth = static_cast<Int128>(index.value) * session_.view().base().value *
                       spec_.value_per_tick_lot_micro;
  const int64_t inventory = static_cast<int64_t>(
      std::clamp<Int128>(worth * kPpm / options_.position_max.value, -kPpm, kPpm));
  Command command(CommandType::place_order, session_.view().agent(), session_.view().market());
  command.header.valid_until_ms = now_ms + kOrderValidMs;
  command.place = PlaceOrder{};
  // Even odds when flat; always back towards zero at position_max.
  const bool buys = random_.between(1, 2 * kPpm) <= kPpm - inventory;
  const int64_t budget = random_.between(options_.notional_min.value, options_.notional_max.value);
  command.place.side = buys ? Side::buy : Side::sell;
  command.place.kind = OrderKind::market;
  command.place.time_in_force = TimeInForce::ioc;
  command.place.budget = Micro(std::max(budget, 2 * spec_.notional_min.value));
  return command;
}

}  // namespace perpetua::feeds
