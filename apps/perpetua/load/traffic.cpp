#include "load/traffic.hpp"

#include <algorithm>
#include <utility>

#include "base/hash.hpp"

namespace perpetua::load {

namespace {

constexpr uint64_t kCancelPercent = 10;
constexpr uint64_t kCrossingPercent = 25;
constexpr int64_t kPassiveNearestPpm = 500;  // 5 bps from the mark
constexpr int64_t kPassiveSpanPpm = 5'000;   // to 55 bps
constexpr int64_t kCrossingPpm = 3'000;      // limit of a crossing order beyond the mark
constexpr int64_t kNotionalSpanMicro = 50'000'000;

}  // namespace

Traffic::Traffic(std::vector<TradedMarket> markets, uint32_t agents, uint32_t batch, uint64_t seed,
                 uint64_t first_number)
    : markets_(std::move(markets)),
      agents_(agents),
      batch_(batch),
      random_state_(seed),
      next_number_(first_number) {
  PERPETUA_ASSERT(!markets_.empty() && batch_ > 0);
  for (const TradedMarket& market : markets_) {
    PERPETUA_ASSERT(market.mark_ticks > 0 && market.tick_size_e9 > 0 && market.lot_size_e9 > 0);
  }
  for (std::size_t i = 0; i < agents_.size(); ++i) agents_[i].buys_next = i % 2 == 0;
}

void Traffic::next(uint32_t agent_index, Action& action) {
  Agent& agent = agents_[agent_index];
  action.orders.clear();
  action.cancels.clear();
  const bool is_full = agent.open.size() >= kOpenOrdersKept * batch_;
  const bool may_cancel = agent.open.size() >= batch_;
  if (is_full || (may_cancel && random(100) < kCancelPercent)) {
    action.cancels.assign(agent.open.begin(), agent.open.begin() + batch_);
    agent.open.erase(agent.open.begin(), agent.open.begin() + batch_);
    return;
  }
  for (uint32_t i = 0; i < batch_; ++i) action.orders.push_back(make_order(agent));
}

void Traffic::on_replies(uint32_t agent, std::span<const OrderReply> replies) {
  for (const OrderReply& reply : replies) {
    if (reply.is_open) agents_[agent].open.push_back(reply.order_id);
  }
}

void Traffic::on_closed(uint32_t agent, uint64_t order_id) {
  std::erase(agents_[agent].open, order_id);
}

void Traffic::set_market(uint32_t agent, std::string_view symbol) {
  for (std::size_t i = 0; i < markets_.size(); ++i) {
    if (markets_[i].symbol == symbol) agents_[agent].market = static_cast<uint32_t>(i);
  }
}

void Traffic::set_mark(std::string_view symbol, int64_t mark_ticks) {
  for (TradedMarket& market : markets_) {
    if (market.symbol == symbol && mark_ticks > 0) market.mark_ticks = mark_ticks;
  }
}

NewOrder Traffic::make_order(Agent& agent) {
  NewOrder order;
  order.number = next_number_++;
  order.market =
      agent.market != kAnyMarket ? agent.market : static_cast<uint32_t>(random(markets_.size()));
  const TradedMarket& market = markets_[order.market];
  order.is_ioc = random(100) < kCrossingPercent;
  if (order.is_ioc) {
    order.side = agent.buys_next ? Side::buy : Side::sell;
    agent.buys_next = !agent.buys_next;
  } else {
    order.side = random(2) == 0 ? Side::buy : Side::sell;
  }
  const int64_t away_ppm = order.is_ioc
                               ? -kCrossingPpm
                               : kPassiveNearestPpm + static_cast<int64_t>(random(kPassiveSpanPpm));
  const int64_t factor_ppm = kPpm - sign(order.side) * away_ppm;
  order.price_ticks = std::max<int64_t>(1, mul_div_floor(market.mark_ticks, factor_ppm, kPpm));
  const int64_t worth_min = mul_div_ceil(market.notional_min_micro, 12, 10);
  const int64_t worth = worth_min + static_cast<int64_t>(random(kNotionalSpanMicro));
  // micro-USDC of one tick and lot = tick_e9 x lot_e9 / 10^12
  const int64_t lot_worth =
      std::max<int64_t>(1, mul_div_floor(order.price_ticks * market.tick_size_e9,
                                         market.lot_size_e9, 1'000'000'000'000));
  order.lots = std::max<int64_t>(1, div_ceil(worth, lot_worth));
  return order;
}

uint64_t Traffic::random(uint64_t bound) {
  random_state_ = hash_mix(random_state_, 0x10ad);
  return random_state_ % bound;
}

}  // namespace perpetua::load
