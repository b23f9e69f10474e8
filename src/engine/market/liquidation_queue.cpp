#include "engine/market/liquidation_queue.hpp"

#include <algorithm>

namespace perpetua {

void LiquidationQueue::link(AgentId agent, uint32_t price, bool is_long) {
  Node& node = nodes_[agent];
  PriceLevel& level = ladder(is_long).occupy(price);
  node.price = price;
  node.is_long = is_long ? 1 : 0;
  node.previous = 0;
  node.next = level.lots == 0 ? 0 : level.head;
  if (node.next != 0) nodes_[node.next].previous = agent;
  level.head = agent;
  ++level.lots;
}

void LiquidationQueue::unlink(AgentId agent) {
  Node& node = nodes_[agent];
  if (node.price == 0) return;
  PriceLadder& ladder_of = ladder(node.is_long != 0);
  PriceLevel& level = ladder_of.occupied(node.price);
  (node.previous == 0 ? level.head : nodes_[node.previous].next) = node.next;
  if (node.next != 0) nodes_[node.next].previous = node.previous;
  if (--level.lots == 0) ladder_of.vacate(node.price);
  node.price = 0;
}

void LiquidationQueue::collect(Price mark, std::vector<Due>& due) const {
  const auto at = static_cast<uint32_t>(mark.value);
  uint32_t price = ladder(true).price_max();
  price = ladder(true).find(price) != nullptr ? price : ladder(true).next_below(price);
  for (; price > at; price = ladder(true).next_below(price)) collect_level(price, true, due);
  price = ladder(false).find(1) != nullptr ? 1 : ladder(false).next_above(1);
  for (; price != 0 && price < at; price = ladder(false).next_above(price)) {
    collect_level(price, false, due);
  }
}

void LiquidationQueue::collect_level(uint32_t price, bool is_long, std::vector<Due>& due) const {
  const auto first = static_cast<std::ptrdiff_t>(due.size());
  for (AgentId agent = ladder(is_long).occupied(price).head; agent != 0;
       agent = nodes_[agent].next) {
    due.push_back({agent, Price(price), is_long});
  }
  std::sort(due.begin() + first, due.end(),
            [](const Due& a, const Due& b) { return a.agent < b.agent; });
}

}  // namespace perpetua
