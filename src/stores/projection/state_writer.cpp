#include "stores/projection/state_writer.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>

#include "base/decimal.hpp"
#include "stores/account_state.hpp"

namespace perpetua::projection {

StateWriter::StateWriter(const stores::HotStore& hot, const SlotGroups& groups, Markers& markers,
                         IntentArchive archive)
    : hot_(hot),
      groups_(groups),
      markers_(markers),
      archive_(std::move(archive)),
      touched_groups_(groups.count()) {}

void StateWriter::begin() {
  request_.clear();
  touched_groups_.assign(groups_.count(), false);
  changed_keys_.clear();
  forgotten_.clear();
  list_ends_.clear();
  markers_.begin(hot_.applied_batch());
}

redis::Request& StateWriter::finish() {
  markers_.close(request_);
  return request_;
}

void StateWriter::add(unsigned group, const std::string& key, const Arguments& arguments) {
  if (!touched_groups_[group]) {
    touched_groups_[group] = true;
    markers_.open(request_, group);
  }
  const std::vector<std::string_view> views(arguments.begin(), arguments.end());
  request_.add(key, views);
}

void StateWriter::set_hash(unsigned group, const std::string& key, const Fields& fields) {
  if (replaces_hashes_) add(group, key, {"DEL", key});
  Arguments arguments = {"HSET", key};
  arguments.insert(arguments.end(), fields.begin(), fields.end());
  add(group, key, arguments);
}

// An agent's row goes behind the rest of it, as it was before the rest was read: who finds a
// sequence there finds all that came with it.
void StateWriter::write(const TouchedKeys& touched) {
  std::vector<AgentRow> rows;
  rows.reserve(touched.agents.size());
  for (const AgentId agent : touched.agents) rows.push_back(read_row(agent, true));
  for (const TouchedKeys::Holding& holding : touched.holdings) {
    write_holding(holding.agent, holding.market);
  }
  for (const TouchedKeys::Intent& intent : touched.intents) write_intent(intent);
  for (std::size_t i = 0; i < rows.size(); ++i) put_agent(touched.agents[i], rows[i]);
  for (const TouchedKeys::Key& key : touched.keys) write_key(key);
  for (MarketId market = 0; market < limits::kMarketsMax; ++market) {
    if ((touched.markets >> market & 1) != 0) write_market(market);
  }
}

AgentRow StateWriter::read_row(AgentId agent, bool with_description) const {
  AgentRow row;
  row.batch = hot_.applied_batch();  // before the rest: the row is of this batch or later
  if (with_description) row.agent = hot_.agent(agent).value_or(AgentView());
  row.account = hot_.account(agent).value_or(AccountView());
  row.open_orders = hot_.open_order_count(agent);
  for (const PositionView& holding : hot_.holdings(agent)) {
    row.markets.emplace_back(symbol_view(*hot_.market_spec(holding.market)));
  }
  return row;
}

void StateWriter::write_agent(AgentId agent) { put_agent(agent, read_row(agent, true)); }

void StateWriter::put_agent(AgentId agent, const AgentRow& row) {
  const unsigned group = groups_.group_of(agent);
  set_hash(group, agent_key(agent), encode_agent(row));
  const std::string balance = balance_key(agent);
  add(group, balance, {"SET", balance, decimal_text(row.account.free.value, kMicroDigits)});
  const std::string index = groups_.agent_index_key(group);
  add(group, index, {"SADD", index, std::to_string(agent)});
}

void StateWriter::put_holding(unsigned group, const PositionView& holding) {
  const MarketSpec& spec = *hot_.market_spec(holding.market);
  const std::string symbol(symbol_view(spec));
  set_hash(group, position_key(holding.agent, symbol), encode_position(holding, spec));
  const std::string open = agent_positions_key(holding.agent);
  add(group, open, {holding.base.value == 0 ? "SREM" : "SADD", open, symbol});
}

void StateWriter::write_holding(AgentId agent, MarketId market) {
  for (const PositionView& holding : hot_.holdings(agent)) {
    if (holding.market == market) put_holding(groups_.group_of(agent), holding);
  }
}

void StateWriter::put_intent(unsigned group, const OrderView& order) {
  set_hash(group, intent_key(order.agent, order.order_id),
           encode_intent(order, *hot_.market_spec(order.market)));
}

void StateWriter::write_intent(const TouchedKeys::Intent& intent) {
  const unsigned group = groups_.group_of(intent.agent);
  const auto order = hot_.order(intent.agent, intent.order_id);
  if (!order) {
    forgotten_.push_back(intent.agent);
    return;
  }
  put_intent(group, *order);
  if (intent.sequence == 0) return;
  const std::string list = agent_intents_key(intent.agent);
  const std::string id = std::to_string(intent.order_id);
  add(group, list, {"LREM", list, "1", id});
  add(group, list, {"LPUSH", list, id});
  list_ends_.emplace_back(request_.size(), intent.agent);
  add(group, list, {"LRANGE", list, std::to_string(kClosedIntentsKept), "-1"});
}

void StateWriter::write_key(const TouchedKeys::Key& key) {
  if (key.sha256 != Sha256{}) return write_key(key.sha256);
  for (const KeyView& view : hot_.keys(key.agent)) {
    if (view.key_id == key.key_id) write_key(view.sha256);
  }
}

// The index names a key before it exists and until after it is gone, so whoever reads the index of
// a copy that is behind finds every key of that copy.
void StateWriter::write_key(const Sha256& sha256) {
  const unsigned group = groups_.group_of(sha256);
  const std::string hex = hex_of(sha256);
  const std::string index = groups_.key_index_key(group);
  const std::string apikey = apikey_key(sha256);
  const std::string row = key_key(sha256);
  changed_keys_.push_back(sha256);
  const auto key = hot_.find_key(sha256);
  if (!key) {
    add(group, apikey, {"DEL", apikey, row});
    add(group, index, {"SREM", index, hex});
    return;
  }
  add(group, index, {"SADD", index, hex});
  set_hash(group, row, encode_key(*key));
  add(group, apikey, {"SET", apikey, std::to_string(key->agent)});
}

void StateWriter::write_market(MarketId market) {
  const auto view = hot_.market(market);
  if (!view) return;
  const std::string symbol(symbol_view(view->spec));
  const std::string key = price_key(symbol);
  set_hash(groups_.group_of(key), key, encode_price(*view));
  const std::string assets(kAssetsKey);
  add(groups_.group_of(assets), assets, {"SADD", assets, symbol});
}

void StateWriter::write_groups() {
  const std::string key(kGroupsKey);
  Arguments arguments = {"SADD", key};
  for (unsigned group = 0; group < groups_.count(); ++group) {
    arguments.push_back(groups_.tag(group));
  }
  add(groups_.group_of(key), key, {"DEL", key});
  add(groups_.group_of(key), key, arguments);
}

void StateWriter::rewrite_agent(AgentId agent, const std::vector<OrderId>& listed) {
  const unsigned group = groups_.group_of(agent);
  const std::string row = agent_key(agent);
  Arguments gone = {"DEL", row, agent_positions_key(agent)};
  for (const stores::MarketView& market : hot_.markets()) {
    gone.push_back(position_key(agent, symbol_view(market.spec)));
  }
  add(group, row, gone);
  if (!hot_.agent(agent)) return forget_agent(group, agent, listed);
  write_agent(agent);
  for (const PositionView& holding : hot_.holdings(agent)) put_holding(group, holding);
  list_intents(group, agent, listed);
}

void StateWriter::forget_agent(unsigned group, AgentId agent, const std::vector<OrderId>& listed) {
  const std::string list = agent_intents_key(agent);
  Arguments gone = {"DEL", list, balance_key(agent)};
  for (const OrderId id : listed) gone.push_back(intent_key(agent, id));
  add(group, list, gone);
  const std::string index = groups_.agent_index_key(group);
  add(group, index, {"SREM", index, std::to_string(agent)});
}

void StateWriter::list_intents(unsigned group, AgentId agent, const std::vector<OrderId>& listed) {
  const std::string list = agent_intents_key(agent);
  Arguments gone = {"DEL", list};
  for (const OrderId id : listed) gone.push_back(intent_key(agent, id));
  add(group, list, gone);
  const std::vector<OrderView> intents = intents_of(agent);
  if (intents.empty()) return;
  Arguments push = {"RPUSH", list};
  for (const OrderView& intent : intents) {
    put_intent(group, intent);
    push.push_back(std::to_string(intent.order_id));
  }
  add(group, list, push);
}

// The open ones, and of the closed the newest of what memory and archive have, newest first. Memory
// is newer than the archive; who closes between its two reads is in both, and closed.
std::vector<OrderView> StateWriter::intents_of(AgentId agent) const {
  std::map<OrderId, OrderView> found;
  const auto add = [&](const std::vector<OrderView>& orders) {
    for (const OrderView& order : orders) {
      if (order.is_intent()) found.insert_or_assign(order.order_id, order);
    }
  };
  if (archive_) add(archive_(agent, kClosedIntentsKept));
  add(stores::open_intents(hot_, agent));
  add(hot_.closed_orders(agent, kNoMarket, stores::hot_limits::kPageMax));
  std::vector<OrderView> intents;
  for (auto& [id, order] : found) intents.push_back(std::move(order));
  std::sort(intents.begin(), intents.end(), [](const OrderView& a, const OrderView& b) {
    return std::tie(a.sequence, a.order_id) > std::tie(b.sequence, b.order_id);
  });
  std::size_t closed_left = kClosedIntentsKept;
  std::erase_if(intents, [&](const OrderView& order) {
    if (order.is_open()) return false;
    if (closed_left == 0) return true;
    --closed_left;
    return false;
  });
  return intents;
}

void StateWriter::drop_intents(AgentId agent, const std::vector<OrderId>& intents) {
  const unsigned group = groups_.group_of(agent);
  const std::string list = agent_intents_key(agent);
  for (const OrderId id : intents) {
    const auto order = hot_.order(agent, id);
    if (order && order->is_open()) continue;
    const std::string key = intent_key(agent, id);
    add(group, key, {"DEL", key});
    add(group, list, {"LREM", list, "-1", std::to_string(id)});
  }
}

StateWriter::Overlong StateWriter::overlong(const std::vector<redis::Reply>& replies) const {
  Overlong result;
  for (const auto& [index, agent] : list_ends_) {
    const std::vector<OrderId> ids = parse_intent_list(replies[index]);
    if (!ids.empty()) result.emplace_back(agent, ids);
  }
  return result;
}

std::vector<OrderId> parse_intent_list(const redis::Reply& reply) {
  std::vector<OrderId> ids;
  for (const redis::Reply& element : reply.elements) {
    OrderId id = 0;
    const char* end = element.text.data() + element.text.size();
    const auto [stopped, error] = std::from_chars(element.text.data(), end, id);
    if (error == std::errc() && stopped == end) ids.push_back(id);
  }
  return ids;
}

}  // namespace perpetua::projection
