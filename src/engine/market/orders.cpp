#include "engine/market/orders.hpp"

namespace perpetua {
namespace {

Hash128 client_key(AgentId agent, const ClientId& id, uint64_t seed) {
  return hash128_text(client_id_view(id), hash_mix(seed, agent));
}

}  // namespace

ClientId OrderTable::client_id(uint32_t slot) const {
  return (details_[slot].flags & kHasClientId) != 0 ? client_ids_[slot] : ClientId{};
}

OrderDetail& OrderTable::open(uint32_t slot) {
  if (slot >= details_.size()) {
    details_.resize(slot + 1);
    links_.resize(slot + 1);
  }
  details_[slot] = OrderDetail{};
  links_[slot] = OwnLinks{};
  return details_[slot];
}

void OrderTable::set_client_id(uint32_t slot, AgentId agent, const ClientId& id, uint64_t seed) {
  if (slot >= client_ids_.size()) client_ids_.resize(slot + 1);
  client_ids_[slot] = id;
  details_[slot].flags |= kHasClientId;
  // The idempotency table forgets in time; then an old order may still hold the id. The newer
  // order wins the look-up.
  const Hash128 key = client_key(agent, id, seed);
  if (uint32_t* holder = by_client_id_.find(key)) {
    details_[*holder].flags &= static_cast<uint8_t>(~kHasClientId);
    *holder = slot;
  } else {
    by_client_id_.insert(key, slot);
  }
}

void OrderTable::close(uint32_t slot, AgentId agent, uint64_t seed) {
  if ((details_[slot].flags & kHasClientId) == 0) return;
  by_client_id_.erase(client_key(agent, client_ids_[slot], seed));
  details_[slot].flags &= static_cast<uint8_t>(~kHasClientId);
}

uint32_t OrderTable::find_client_id(AgentId agent, const ClientId& id, uint64_t seed) const {
  const uint32_t* slot = by_client_id_.find(client_key(agent, id, seed));
  return slot == nullptr ? kNilSlot : *slot;
}

void OrderTable::save(ByteSink& sink) const {
  write_vector(sink, details_);
  write_value(sink, static_cast<uint64_t>(links_.size()));
  for (const OwnLinks& links : links_) {
    write_value(sink, links.next);
    write_value(sink, links.previous);
  }
  write_vector(sink, client_ids_);
}

bool OrderTable::load(ByteSource& source, const Book& book, uint64_t seed) {
  if (!read_vector(source, details_, limits::kOrdersLiveMax)) return false;
  uint64_t links = 0;
  if (!read_value(source, links) || links != details_.size()) return false;
  links_.resize(links);
  for (OwnLinks& link : links_) {
    if (!read_value(source, link.next) || !read_value(source, link.previous)) return false;
    if (link.next != kNilSlot && link.next >= links) return false;
    if (link.previous != kNilSlot && link.previous >= links) return false;
  }
  if (!read_vector(source, client_ids_, limits::kOrdersLiveMax)) return false;
  if (details_.size() != book.slot_count() || client_ids_.size() > details_.size()) return false;
  for (uint32_t slot = 0; slot < details_.size(); ++slot) {
    if (!book.is_resting(slot)) continue;
    const OrderDetail& detail = details_[slot];
    if (detail.expires_at_ms != 0) expiries_.insert(detail.expires_at_ms, book.id(slot));
    if ((detail.flags & kHasClientId) == 0) continue;
    if (slot >= client_ids_.size()) return false;
    const Hash128 key = client_key(book.agent(slot), client_ids_[slot], seed);
    if (by_client_id_.find(key) != nullptr) return false;
    by_client_id_.insert(key, slot);
  }
  return true;
}

}  // namespace perpetua
