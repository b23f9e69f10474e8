#include "gateway/native/order_limits.hpp"

namespace perpetua::gateway::native {

namespace {

Outcome limit_exceeded(RiskLimit which, Int128 given, int64_t allowed) {
  return rejected(ResultCode::limit_exceeded, static_cast<int64_t>(which), saturate(given),
                  allowed);
}

bool is_used_up(Micro loss, Micro loss_max) { return loss_max > Micro(0) && loss >= loss_max; }

}  // namespace

OrderLimits::OrderLimits(const stores::HotStore& hot, const CommandHeader& header) {
  for (const stores::KeyView& key : hot.keys(header.agent)) {
    if (key.key_id == header.key_id) key_ = key.limits;
  }
  key_loss_ = hot.key_loss(header.agent, header.key_id);
  agent_ = hot.risk(header.agent).value_or(stores::RiskView{});
}

Outcome OrderLimits::check_order(const KeyQuestion& order) const {
  if (order.is_reduce_only) return {};
  const Outcome refusal = check_key(order);
  return refusal.code != ResultCode::ok ? refusal : check_agent(order);
}

Outcome OrderLimits::check_key(const KeyQuestion& order) const {
  const Outcome refusal = check_key_order(key_, order);
  if (refusal.code != ResultCode::ok || !is_used_up(key_loss_, key_.daily_loss_max)) return refusal;
  return key_limited(KeyLimit::daily_loss, key_loss_.value, key_.daily_loss_max.value);
}

Outcome OrderLimits::check_agent(const KeyQuestion& order) const {
  const RiskLimits& limits = agent_.limits;
  if (limits.leverage_max != 0 && order.leverage > limits.leverage_max) {
    return limit_exceeded(RiskLimit::leverage, order.leverage, limits.leverage_max);
  }
  if (is_used_up(agent_.counted_loss, limits.daily_loss_max)) {
    return limit_exceeded(RiskLimit::daily_loss, agent_.counted_loss.value,
                          limits.daily_loss_max.value);
  }
  const Int128 exposure = order.value + agent_.exposure.value;
  if (limits.exposure_max > Micro(0) && exposure > limits.exposure_max.value) {
    return limit_exceeded(RiskLimit::exposure, exposure, limits.exposure_max.value);
  }
  return {};
}

void OrderLimits::bound(OrderExposure& exposure) const {
  exposure.position_max = key_.position_notional_max;
  const Micro own = agent_.limits.position_max;
  if (own == Micro(0)) return;
  if (exposure.position_max > Micro(0) && exposure.position_max <= own) return;
  exposure.position_max = own;
  exposure.is_agents_max = true;
}

}  // namespace perpetua::gateway::native
