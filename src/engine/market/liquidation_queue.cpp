#include "engine/market/liquidation_queue.hpp"

#include <algorithm>

namespace perpetua {

void LiquidationQueue::link(AgentId agent, uint32_t key, bool is_long) {
  Node& node = nodes_[agent];
  PriceLevel& level = ladder(is_long).occupy(key);
  node.key = key;
  node.is_long = is_long ? 1 : 0;
  node.previous = 0;
  node.next = level.lots == 0 ? 0 : level.head;
  if (node.next != 0) nodes_[node.next].previous = agent;
  level.head = agent;
  ++level.lots;
}

void LiquidationQueue::unlink(AgentId agent) {
  Node& node = nodes_[agent];
  if (node.key == 0) return;
  PriceLadder& ladder_of = ladder(node.is_long != 0);
  PriceLevel& level = ladder_of.occupied(node.key);
  (node.previous == 0 ? level.head : nodes_[node.previous].next) = node.next;
  if (node.next != 0) nodes_[node.next].previous = node.previous;
  if (--level.lots == 0) ladder_of.vacate(node.key);
  node.key = 0;
}

void LiquidationQueue::collect(Price mark, std::vector<Due>& due) const {
  const uint32_t at = key_of(mark);
  const PriceLadder& longs = ladder(true);
  uint32_t key = longs.price_max();
  if (longs.find(key) == nullptr) key = longs.next_below(key);
  for (; key > at; key = longs.next_below(key)) collect_level(key, true, due);
  const PriceLadder& shorts = ladder(false);
  key = shorts.find(1) != nullptr ? 1 : shorts.next_above(1);
  for (; key != 0 && key < at; key = shorts.next_above(key)) collect_level(key, false, due);
}

void LiquidationQueue::collect_level(uint32_t key, bool is_long, std::vector<Due>& due) const {
  const auto first = static_cast<std::ptrdiff_t>(due.size());
  for (AgentId agent = ladder(is_long).occupied(key).head; agent != 0; agent = nodes_[agent].next) {
    due.push_back({agent, Price(key - 1), is_long});
  }
  std::sort(due.begin() + first, due.end(),
            [](const Due& a, const Due& b) { return a.agent < b.agent; });
}

}  // namespace perpetua
