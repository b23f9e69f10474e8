// SlotTable: which node of a Cluster owns which slot, as one node sees it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stores/redis/options.hpp"
#include "stores/redis/reply.hpp"
#include "stores/redis/request.hpp"

namespace perpetua::redis {

struct SlotTable {
  static constexpr uint16_t kNobody = UINT16_MAX;

  std::vector<Endpoint> masters;
  std::vector<Endpoint> replicas;
  std::vector<uint16_t> owner;  // of each slot: an index of masters, or kNobody

  SlotTable() : owner(kSlots, kNobody) {}
  uint32_t covered() const;
  bool operator==(const SlotTable&) const = default;
};

// Reads the reply to CLUSTER SLOTS. `asked` stands in where the node does not know its own name.
// False, with the reason, if the reply is not of its form; entries without an address are left out.
bool read_slot_table(const Reply& reply, const Endpoint& asked, SlotTable& table,
                     std::string& error);

}  // namespace perpetua::redis
