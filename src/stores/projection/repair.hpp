// Repair: writes everything of lost slot groups again, in steps small enough to go along with live
// writes.
//
//   agents (and their API keys), by id -> prices and index sets -> keys and agents that Redis has
//   and the exchange does not -> done
//
// Also single agents whose keys need to be put right. A step takes effect with commit(), after its
// request was answered; after abort() it comes again.
// Thread-safety: none; step() blocks on reads from Redis.
#pragma once

#include <string>
#include <vector>

#include "stores/projection/markers.hpp"
#include "stores/projection/state_writer.hpp"
#include "stores/redis/client.hpp"

namespace perpetua::projection {

inline constexpr std::size_t kRepairAgentsPerStep = 16;
inline constexpr std::size_t kRepairAgentsWaitingMax = 1u << 16;  // single ones; more: everything

class Repair {
 public:
  Repair(redis::Client& client, const stores::HotStore& hot, const SlotGroups& groups,
         int64_t timeout_ms);

  // Groups are being written again.
  bool is_walking() const { return stage_ != Stage::none; }
  // Or single agents are to be: until then Redis shows something of theirs that is over.
  bool has_work() const { return is_walking() || !single_.empty(); }

  // Takes over what the markers found lost; the walk begins again with all it has.
  void take_up(Markers& markers);
  void add_agent(AgentId agent);

  // False: Redis could not be read; `error` says why.
  bool step(StateWriter& writer, redis::Reply& error);
  void commit();
  void abort();

  uint64_t agents_rewritten() const { return agents_rewritten_; }

 private:
  enum class Stage : uint8_t { none, agents, prices, keys, strangers };
  struct Place {
    Stage stage = Stage::none;
    AgentId after = 0;
    unsigned group = 0;
    std::string cursor = "0";
  };

  bool rewrite_agents(StateWriter& writer, const std::vector<AgentId>& agents, redis::Reply& error);
  void plan_agents(StateWriter& writer, std::vector<AgentId>& agents);
  void write_prices(StateWriter& writer);
  bool find_strangers(StateWriter& writer, std::vector<AgentId>& agents, redis::Reply& error);
  void next_group(Stage after);
  bool call(redis::Request request, std::vector<redis::Reply>& replies, redis::Reply& error);

  redis::Client& client_;
  const stores::HotStore& hot_;
  const SlotGroups& groups_;
  const int64_t timeout_ms_;
  std::vector<bool> lost_;
  Stage stage_ = Stage::none;
  Place place_;
  Place next_;  // after the step in hand
  std::vector<AgentId> single_;
  std::size_t single_taken_ = 0;  // by the step in hand
  uint64_t step_agents_ = 0;
  uint64_t agents_rewritten_ = 0;
};

}  // namespace perpetua::projection
