#include "stores/projection/touched_keys.hpp"

#include <algorithm>

namespace perpetua::projection {
namespace {

template <class Row>
void sort_once(std::vector<Row>& rows) {
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
}

template <class Row>
void append(std::vector<Row>& to, const std::vector<Row>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

// Neighbours in the stream are often of the same agent: the cheap half of keeping each once.
template <class Row>
void push_new(std::vector<Row>& rows, const Row& row) {
  if (rows.empty() || rows.back() != row) rows.push_back(row);
}

void touch_market(MarketId market, TouchedKeys& out) {
  if (market < limits::kMarketsMax) out.markets |= uint64_t{1} << market;
}

}  // namespace

void TouchedKeys::normalise() {
  sort_once(agents);
  sort_once(holdings);
  sort_once(keys);
  // Of one intent the entry that knows its acceptance comes last and stays.
  const auto by_name = [](const Intent& a, const Intent& b) {
    return std::tie(a.agent, a.order_id, b.sequence) < std::tie(b.agent, b.order_id, a.sequence);
  };
  std::sort(intents.begin(), intents.end(), by_name);
  const auto same = [](const Intent& a, const Intent& b) { return a.order_id == b.order_id; };
  intents.erase(std::unique(intents.begin(), intents.end(), same), intents.end());
  std::sort(intents.begin(), intents.end());
}

void TouchedKeys::merge(const TouchedKeys& newer) {
  append(agents, newer.agents);
  append(holdings, newer.holdings);
  append(intents, newer.intents);
  append(keys, newer.keys);
  markets |= newer.markets;
  is_everything = is_everything || newer.is_everything;
  last_batch = std::max(last_batch, newer.last_batch);
  if (size() > kTouchedMax) {
    normalise();
    is_everything = is_everything || size() > kTouchedMax;
  }
  if (!is_everything) return;
  // Revocations stay: a key that is gone is not found by writing everything there is.
  agents.clear();
  holdings.clear();
  intents.clear();
  if (keys.size() > kTouchedMax) keys.clear();
}

void TouchedKeys::clear() {
  agents.clear();
  holdings.clear();
  intents.clear();
  keys.clear();
  markets = 0;
  is_everything = false;
}

void TouchCollector::collect(const AppliedBatch& batch, TouchedKeys& out) {
  for (const Event& event : batch.events) {
    const EventHeader& header = event.header;
    switch (header.type) {
      case EventType::agent_registered:
        push_new(out.agents, header.agent);
        break;
      case EventType::key_created:
        out.keys.push_back({header.agent, event.key_created.key_id, event.key_created.sha256});
        break;
      case EventType::key_revoked:
        out.keys.push_back({header.agent, event.key_revoked.key_id, event.key_revoked.sha256});
        break;
      case EventType::key_limits_changed:
        out.keys.push_back({header.agent, event.key_limits_changed.key_id, Sha256{}});
        break;
      case EventType::market_created:
      case EventType::market_changed:
      case EventType::market_status:
      case EventType::price_updated:
      case EventType::funding_settled:
        touch_market(header.market, out);
        break;
      default:
        if (is_private(header.type) && header.agent != 0) collect_private(event, out);
    }
    // The insurance fund trades as well: its fills change the market's price.
    if (header.type == EventType::fill) touch_market(header.market, out);
  }
  out.last_batch = batch.number;
}

void TouchCollector::collect_private(const Event& event, TouchedKeys& out) {
  const EventHeader& header = event.header;
  push_new(out.agents, header.agent);
  switch (header.type) {
    case EventType::settings_changed:
    case EventType::position_changed:
      push_new(out.holdings, {header.agent, header.market});
      break;
    case EventType::order_accepted: {
      const OrderAccepted& accepted = event.order_accepted;
      if ((accepted.flags & kIntent) == 0) break;
      open_intents_.insert(accepted.order_id);
      out.intents.push_back({header.agent, header.sequence, accepted.order_id});
      break;
    }
    case EventType::order_bracket:
      touch_order(event, event.order_bracket.order_id, false, out);
      break;
    case EventType::order_amended:
      touch_order(event, event.order_amended.order_id, false, out);
      break;
    case EventType::order_closed:
      touch_order(event, event.order_closed.order_id, true, out);
      break;
    case EventType::fill:
      push_new(out.holdings, {header.agent, header.market});
      if (event.fill.order_id != 0) {
        touch_order(event, event.fill.order_id, event.fill.order_done != 0, out);
      }
      break;
    default:
      break;
  }
}

void TouchCollector::touch_order(const Event& event, OrderId id, bool is_done, TouchedKeys& out) {
  if (is_done ? open_intents_.erase(id) == 0 : !open_intents_.contains(id)) return;
  out.intents.push_back({event.header.agent, 0, id});
}

}  // namespace perpetua::projection
