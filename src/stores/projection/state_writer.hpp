// StateWriter: the present state of named things, from the hot store into one request to Redis.
//
// Whatever is written is the state of the moment of writing, so repeating or merging writes is
// harmless, and a thing that changes again is written again. What no longer exists is deleted.
// rewrite_agent() leaves exactly the keys of one agent, whatever was there before.
// Thread-safety: none; the hot store may change meanwhile.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "stores/memory/hot_store.hpp"
#include "stores/projection/key_schema.hpp"
#include "stores/projection/markers.hpp"
#include "stores/projection/rows.hpp"
#include "stores/projection/touched_keys.hpp"
#include "stores/redis/reply.hpp"
#include "stores/redis/request.hpp"

namespace perpetua::projection {

// The newest closed intents of an agent, newest first: those the hot store no longer has. May
// block. Empty: there is no history.
using IntentArchive = std::function<std::vector<OrderView>(AgentId agent, std::size_t limit)>;

class StateWriter {
 public:
  StateWriter(const stores::HotStore& hot, const SlotGroups& groups, Markers& markers,
              IntentArchive archive);

  // A hash is deleted before it is written: its key may hold another type.
  void replace_hashes(bool is_on) { replaces_hashes_ = is_on; }

  // One request: begin(), what is to be written, finish(). Markers go around it.
  void begin();
  redis::Request& finish();
  void write(const TouchedKeys& touched);
  void write_agent(AgentId agent);
  void write_holding(AgentId agent, MarketId market);
  void write_intent(const TouchedKeys::Intent& intent);
  void write_key(const TouchedKeys::Key& key);
  void write_key(const Sha256& sha256);  // or delete it
  void write_market(MarketId market);
  void write_groups();  // the set of the groups' tags
  // `listed`: what agent_intents names now. An agent that does not exist loses all it has.
  void rewrite_agent(AgentId agent, const std::vector<OrderId>& listed);
  // Intents beyond the kept number, as an earlier request found them: see overlong().
  void drop_intents(AgentId agent, const std::vector<OrderId>& intents);

  // Since begin(): keys that exist, exist no more or have changed.
  const std::vector<Sha256>& changed_keys() const { return changed_keys_; }
  // Agents with an intent that changed and that memory no longer has: to be rewritten.
  const std::vector<AgentId>& forgotten() const { return forgotten_; }
  // From the replies to the request: agents whose lists are too long, and what is at their ends.
  using Overlong = std::vector<std::pair<AgentId, std::vector<OrderId>>>;
  Overlong overlong(const std::vector<redis::Reply>& replies) const;

 private:
  using Arguments = std::vector<std::string>;

  void add(unsigned group, const std::string& key, const Arguments& arguments);
  void set_hash(unsigned group, const std::string& key, const Fields& fields);
  AgentRow read_row(AgentId agent, bool with_description) const;
  void put_agent(AgentId agent, const AgentRow& row);
  void put_holding(unsigned group, const PositionView& holding);
  void put_intent(unsigned group, const OrderView& order);
  void forget_agent(unsigned group, AgentId agent, const std::vector<OrderId>& listed);
  void list_intents(unsigned group, AgentId agent, const std::vector<OrderId>& listed);
  std::vector<OrderView> intents_of(AgentId agent) const;

  const stores::HotStore& hot_;
  const SlotGroups& groups_;
  Markers& markers_;
  const IntentArchive archive_;
  bool replaces_hashes_ = false;
  redis::Request request_;
  std::vector<bool> touched_groups_;
  std::vector<Sha256> changed_keys_;
  std::vector<AgentId> forgotten_;
  std::vector<std::pair<std::size_t, AgentId>> list_ends_;  // index of an LRANGE in the request
};

std::vector<OrderId> parse_intent_list(const redis::Reply& reply);

}  // namespace perpetua::projection
