#include "stores/memory/health_watch.hpp"

namespace perpetua::stores {

namespace {

constexpr int32_t kNoLow = 0;
constexpr int32_t kNoHigh = INT32_MAX;
constexpr std::size_t kNamesSpare = 1'024;
static_assert(limits::kPriceMaxTicks < INT32_MAX);

}  // namespace

void HealthWatch::set_rules(const MarketRules& rules) {
  rules_ = &rules;
  changed_ = agents_;
  is_changed_.assign(agents_.size(), 1);
}

void HealthWatch::set(AgentId agent, const Position& position) {
  const auto found = places_.find(agent);
  if (position.base == Lots(0)) {
    if (found != places_.end()) remove(found->second);
    return;
  }
  std::size_t place = agents_.size();
  if (found != places_.end()) {
    place = found->second;
    positions_[place] = position;
  } else {
    places_.emplace(agent, static_cast<uint32_t>(place));
    rows_.push_back({kNoLow, kNoHigh});
    is_unhealthy_.push_back(0);
    is_changed_.push_back(0);
    agents_.push_back(agent);
    positions_.push_back(position);
  }
  if (is_changed_[place] != 0) return;
  is_changed_[place] = 1;
  changed_.push_back(agent);
  // Positions that come and go between two prices leave their names behind.
  if (changed_.size() > 2 * agents_.size() + kNamesSpare) refresh();
}

void HealthWatch::remove(std::size_t place) {
  places_.erase(agents_[place]);
  const std::size_t last = agents_.size() - 1;
  if (place != last) {
    rows_[place] = rows_[last];
    is_unhealthy_[place] = is_unhealthy_[last];
    is_changed_[place] = is_changed_[last];
    agents_[place] = agents_[last];
    positions_[place] = positions_[last];
    places_[agents_[place]] = static_cast<uint32_t>(place);
  }
  rows_.pop_back();
  is_unhealthy_.pop_back();
  is_changed_.pop_back();
  agents_.pop_back();
  positions_.pop_back();
}

void HealthWatch::refresh() {
  for (const AgentId agent : changed_) {
    const auto found = places_.find(agent);
    if (found == places_.end() || is_changed_[found->second] == 0) continue;
    const std::size_t place = found->second;
    is_changed_[place] = 0;
    const Position& position = positions_[place];
    const auto price = static_cast<int32_t>(warn_price(position, *rules_).value);
    rows_[place] = position.is_long() ? Row{price, kNoHigh} : Row{kNoLow, price};
  }
  changed_.clear();
}

const std::vector<AgentId>& HealthWatch::on_mark(Price mark) {
  refresh();
  crossed_.clear();
  const auto ticks = static_cast<int32_t>(mark.value);
  const std::size_t count = rows_.size();
  for (std::size_t i = 0; i < count; ++i) {
    const uint8_t is_out = ticks < rows_[i].low || ticks > rows_[i].high ? 1 : 0;
    if (is_out == is_unhealthy_[i]) continue;
    is_unhealthy_[i] = is_out;
    if (is_out != 0) crossed_.push_back(agents_[i]);
  }
  return crossed_;
}

const Position* HealthWatch::find(AgentId agent) const {
  const auto found = places_.find(agent);
  return found == places_.end() ? nullptr : &positions_[found->second];
}

}  // namespace perpetua::stores
