#include "stores/redis/slot_table.hpp"

#include <algorithm>
#include <utility>

namespace perpetua::redis {
namespace {

constexpr std::size_t kNodesMax = 1'024;

bool is_slot(const Reply& reply) {
  return reply.is_integer() && reply.integer >= 0 && reply.integer < kSlots;
}

// [host, port, id, …]; nothing in `node` if the server does not know the address.
bool read_node(const Reply& reply, const Endpoint& asked, Endpoint& node) {
  node = Endpoint();
  if (!reply.is_array() || reply.elements.size() < 2) return false;
  const Reply& host = reply.elements[0];
  const Reply& port = reply.elements[1];
  if (!host.is_nil() && !host.is_string()) return false;
  if (!port.is_integer() || port.integer < 0 || port.integer > UINT16_MAX) return false;
  if (port.integer == 0 || host.text == "?") return true;
  node.host = host.text.empty() ? asked.host : host.text;
  node.port = static_cast<uint16_t>(port.integer);
  return true;
}

std::size_t index_of(std::vector<Endpoint>& nodes, const Endpoint& node) {
  const auto found = std::find(nodes.begin(), nodes.end(), node);
  if (found != nodes.end()) return static_cast<std::size_t>(found - nodes.begin());
  nodes.push_back(node);
  return nodes.size() - 1;
}

// [first slot, last slot, master, replica…]
bool read_range(const Reply& range, const Endpoint& asked, SlotTable& table) {
  if (!range.is_array() || range.elements.size() < 3) return false;
  const Reply& first = range.elements[0];
  const Reply& last = range.elements[1];
  if (!is_slot(first) || !is_slot(last) || first.integer > last.integer) return false;
  for (std::size_t at = 2; at < range.elements.size(); ++at) {
    Endpoint node;
    if (!read_node(range.elements[at], asked, node)) return false;
    if (node.host.empty()) continue;
    if (at > 2) {
      index_of(table.replicas, node);
      continue;
    }
    const std::size_t master = index_of(table.masters, node);
    std::fill(table.owner.begin() + first.integer, table.owner.begin() + last.integer + 1,
              static_cast<uint16_t>(master));
  }
  return table.masters.size() + table.replicas.size() <= kNodesMax;
}

// Nodes list themselves in orders of their own.
void sort_nodes(SlotTable& table) {
  std::vector<Endpoint> sorted = table.masters;
  std::sort(sorted.begin(), sorted.end());
  for (uint16_t& index : table.owner) {
    if (index == SlotTable::kNobody) continue;
    const auto place = std::lower_bound(sorted.begin(), sorted.end(), table.masters[index]);
    index = static_cast<uint16_t>(place - sorted.begin());
  }
  table.masters = std::move(sorted);
  std::sort(table.replicas.begin(), table.replicas.end());
}

}  // namespace

uint32_t SlotTable::covered() const {
  return static_cast<uint32_t>(
      std::count_if(owner.begin(), owner.end(), [](uint16_t index) { return index != kNobody; }));
}

bool read_slot_table(const Reply& reply, const Endpoint& asked, SlotTable& table,
                     std::string& error) {
  table = SlotTable();
  if (reply.is_error()) {
    error = reply.text;
    return false;
  }
  const bool is_good = reply.is_array() && std::all_of(reply.elements.begin(), reply.elements.end(),
                                                       [&](const Reply& range) {
                                                         return read_range(range, asked, table);
                                                       });
  if (!is_good) {
    error = "the reply to CLUSTER SLOTS is not of its form";
  } else {
    sort_nodes(table);
  }
  return is_good;
}

}  // namespace perpetua::redis
