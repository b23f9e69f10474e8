#include "stores/memory/key_days.hpp"

#include "stores/memory/hot_domains.hpp"

namespace perpetua::stores {

namespace {

// An order the ledger holds against the limits of its key: one that may open a position.
bool may_open(const Command& command, const HotDomains& before) {
  const AgentId agent = command.header.agent;
  switch (command.header.type) {
    case CommandType::place_order:
      return (command.place.flags & (kReduceOnly | kClosePosition)) == 0;
    case CommandType::place_trigger:
      return (command.trigger.flags & kReduceOnly) == 0;
    case CommandType::amend_order: {
      const AmendOrder& amend = command.amend;
      const AgentShard& shard = before.shard(agent);
      const auto order = amend.order_id != 0 ? shard.order(agent, amend.order_id)
                                             : shard.order_by_client_id(agent, amend.client_id);
      return order && !order->is_reduce_only();
    }
    default:
      return false;
  }
}

bool is_loss_refusal(const Outcome& outcome) {
  return outcome.code == ResultCode::key_limited &&
         outcome.values[0] == static_cast<int64_t>(KeyLimit::daily_loss);
}

// What comes behind the question for the key's daily loss, or is it.
bool was_asked(const Outcome& outcome) {
  switch (outcome.code) {
    case ResultCode::ok:
    case ResultCode::limit_exceeded:
    case ResultCode::insufficient_margin:
    case ResultCode::market_closed:
    case ResultCode::conflicting_position:
    case ResultCode::too_many_open_orders:
    case ResultCode::too_many_triggers:
    case ResultCode::position_too_large:
    case ResultCode::would_cross:
    case ResultCode::fok_unfillable:
      return true;
    default:
      return is_loss_refusal(outcome);
  }
}

}  // namespace

void KeyDays::start_days(const AppliedBatch& batch, const HotDomains& before) {
  // Only this thread writes, so it may look without the lock.
  if (days_.empty()) return;
  const int64_t today = batch.log_time_ms / AgentBounds::kDayMs;
  for (std::size_t i = 0; i < batch.commands.size(); ++i) {
    const CommandHeader& header = batch.commands[i].header;
    const Outcome& outcome = batch.outcomes[i];
    if (header.key_id == 0 || outcome.replayed != 0 || !was_asked(outcome)) continue;
    const auto found = days_.find(header.key_id);
    if (found == days_.end() || found->second.day == today) continue;
    if (!may_open(batch.commands[i], before)) continue;
    const auto bounds = before.shard(header.agent).bounds(header.agent);
    if (!bounds) continue;
    const Micro known(is_loss_refusal(outcome) ? outcome.values[1] : 0);
    const std::lock_guard guard(mutex_);
    found->second = {today, bounds->result + known};
  }
}

void KeyDays::limit(const KeyLimitsChanged& changed) {
  const std::lock_guard guard(mutex_);
  days_.erase(changed.key_id);
  if (changed.limits.daily_loss_max == Micro(0)) return;
  days_[changed.key_id] = {changed.day, changed.day_start};
}

void KeyDays::forget(uint32_t key_id) {
  const std::lock_guard guard(mutex_);
  days_.erase(key_id);
}

Micro KeyDays::loss(uint32_t key_id, int64_t now_ms, Micro result) const {
  const std::lock_guard guard(mutex_);
  const auto found = days_.find(key_id);
  const bool has_begun = found != days_.end() && found->second.day == now_ms / AgentBounds::kDayMs;
  return has_begun ? found->second.start - result : Micro(0);
}

}  // namespace perpetua::stores
