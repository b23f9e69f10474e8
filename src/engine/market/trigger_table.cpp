#include "engine/market/trigger_table.hpp"

#include "base/assert.hpp"
#include "base/limits.hpp"

namespace perpetua {

uint32_t TriggerTable::find(AgentId agent, OrderId id) const {
  const uint32_t slot = order_slot(id);
  if (!is_trigger(id) || slot >= triggers_.size() || !triggers_[slot].is_live()) return kNone;
  return triggers_[slot].agent == agent && this->id(slot) == id ? slot : kNone;
}

std::vector<TriggerTable::Named> TriggerTable::of_agent(AgentId agent) const {
  std::vector<Named> found;
  for (auto it = by_agent_.lower_bound({agent, 0, 0});
       it != by_agent_.end() && std::get<0>(*it) == agent; ++it) {
    found.push_back({std::get<2>(*it), std::get<1>(*it)});
  }
  return found;
}

std::vector<TriggerTable::Named> TriggerTable::all() const {
  std::vector<Named> found;
  for (const auto& [agent, age, slot] : by_agent_) found.push_back({slot, age});
  return found;
}

std::vector<TriggerTable::Named> TriggerTable::fired() const {
  std::vector<Named> found;
  for (const auto& [age, slot] : fired_) found.push_back({slot, age});
  return found;
}

uint32_t TriggerTable::add(Trigger trigger) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<uint32_t>(triggers_.size()));
    triggers_.emplace_back();
  }
  const uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  trigger.age = ++last_age_;
  trigger.generation = triggers_[slot].generation + 1;
  PERPETUA_ASSERT(trigger.generation < kTriggerGeneration);
  triggers_[slot] = trigger;
  by_agent_.insert({trigger.agent, trigger.age, slot});
  enqueue(slot);
  return slot;
}

void TriggerTable::remove(uint32_t slot) {
  const Trigger gone = triggers_[slot];
  PERPETUA_ASSERT(gone.is_live());
  dequeue(slot);
  by_agent_.erase({gone.agent, gone.age, slot});
  if (gone.partner != kNone) triggers_[gone.partner].partner = kNone;
  triggers_[slot] = Trigger{};
  triggers_[slot].generation = gone.generation;
  free_slots_.push_back(slot);
}

void TriggerTable::enqueue(uint32_t slot) {
  const Trigger& trigger = triggers_[slot];
  if (trigger.status == TriggerStatus::fired) {
    fired_.insert({trigger.age, slot});
    return;
  }
  const auto insert = [&](bool falls, Price price) {
    (falls ? falls_ : rises_).insert({falls ? -price.value : price.value, trigger.age, slot});
  };
  insert(trigger.falls(), trigger.at);
  if (trigger.moves_at != Price(0)) insert(!trigger.falls(), trigger.moves_at);
}

void TriggerTable::dequeue(uint32_t slot) {
  const Trigger& trigger = triggers_[slot];
  if (trigger.status == TriggerStatus::fired) {
    fired_.erase({trigger.age, slot});
    return;
  }
  const auto erase = [&](bool falls, Price price) {
    (falls ? falls_ : rises_).erase({falls ? -price.value : price.value, trigger.age, slot});
  };
  erase(trigger.falls(), trigger.at);
  if (trigger.moves_at != Price(0)) erase(!trigger.falls(), trigger.moves_at);
}

void TriggerTable::move(uint32_t slot, Price at, Price moves_at) {
  dequeue(slot);
  triggers_[slot].at = at;
  triggers_[slot].moves_at = moves_at;
  enqueue(slot);
}

void TriggerTable::set_fired(uint32_t slot) {
  dequeue(slot);
  triggers_[slot].status = TriggerStatus::fired;
  enqueue(slot);
}

void TriggerTable::set_sent(uint32_t slot, Lots lots, OrderId order_id) {
  triggers_[slot].lots = lots;
  triggers_[slot].sent_id = order_id;
}

void TriggerTable::collect(Price mark, std::vector<Named>& due) const {
  for (const auto& [price, age, slot] : falls_) {
    if (-price < mark.value) break;
    due.push_back({slot, age});
  }
  for (const auto& [price, age, slot] : rises_) {
    if (price > mark.value) break;
    due.push_back({slot, age});
  }
}

void TriggerTable::save(ByteSink& sink) const {
  write_value(sink, last_age_);
  write_vector(sink, triggers_);
  write_vector(sink, free_slots_);
}

bool TriggerTable::load(ByteSource& source) {
  constexpr uint64_t kMost = uint64_t{1} << kOrderSlotBits;
  if (!read_value(source, last_age_) || !read_vector(source, triggers_, kMost) ||
      !read_vector(source, free_slots_, kMost)) {
    return false;
  }
  for (uint32_t slot = 0; slot < triggers_.size(); ++slot) {
    const Trigger& trigger = triggers_[slot];
    if (!trigger.is_live()) continue;
    if (trigger.partner != kNone && trigger.partner >= triggers_.size()) return false;
    by_agent_.insert({trigger.agent, trigger.age, slot});
    enqueue(slot);
  }
  for (const uint32_t slot : free_slots_) {
    if (slot >= triggers_.size() || triggers_[slot].is_live()) return false;
  }
  return live_count() + free_slots_.size() == triggers_.size();
}

void TriggerTable::check_invariants() const {
  std::size_t waiting = 0, moving = 0;
  for (const auto& [agent, age, slot] : by_agent_) {
    const Trigger& trigger = triggers_[slot];
    PERPETUA_ASSERT(trigger.agent == agent && trigger.age == age && age <= last_age_);
    PERPETUA_ASSERT(trigger.partner == kNone || triggers_[trigger.partner].partner == slot);
    PERPETUA_ASSERT(trigger.reserved >= Micro(0) && trigger.lots >= Lots(0));
    PERPETUA_ASSERT(trigger.is_protective == 0 || trigger.reserved == Micro(0));
    if (trigger.status == TriggerStatus::waiting) {
      ++waiting;
      if (trigger.moves_at != Price(0)) ++moving;
    }
  }
  PERPETUA_ASSERT(falls_.size() + rises_.size() == waiting + moving);
  PERPETUA_ASSERT(fired_.size() + waiting == by_agent_.size());
  PERPETUA_ASSERT(live_count() + free_slots_.size() == triggers_.size());
}

}  // namespace perpetua
