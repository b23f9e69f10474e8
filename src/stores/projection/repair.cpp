#include "stores/projection/repair.hpp"

#include <algorithm>
#include <charconv>

namespace perpetua::projection {
namespace {

constexpr std::size_t kAgentsLookedAtPerStep = 1'000;  // of which few may be of lost groups
constexpr std::string_view kScanCount = "256";

}  // namespace

Repair::Repair(redis::Client& client, const stores::HotStore& hot, const SlotGroups& groups,
               int64_t timeout_ms)
    : client_(client),
      hot_(hot),
      groups_(groups),
      timeout_ms_(timeout_ms),
      lost_(groups.count(), false) {}

void Repair::take_up(Markers& markers) {
  if (markers.lost_count() == 0) return;
  for (unsigned group = 0; group < groups_.count(); ++group) {
    if (!markers.is_lost(group)) continue;
    markers.restore(group);
    lost_[group] = true;
  }
  place_ = Place{Stage::agents, 0, 0, "0"};
  stage_ = Stage::agents;
}

void Repair::add_agent(AgentId agent) {
  if (single_.size() < kRepairAgentsWaitingMax) {
    single_.push_back(agent);
    return;
  }
  single_.clear();
  lost_.assign(groups_.count(), true);
  place_ = Place{Stage::agents, 0, 0, "0"};
  stage_ = Stage::agents;
}

bool Repair::call(redis::Request request, std::vector<redis::Reply>& replies, redis::Reply& error) {
  if (request.empty()) return true;
  redis::CallOptions options;
  options.timeout_ms = timeout_ms_;
  options.is_idempotent = true;
  options.lane = 0;
  replies = client_.call(std::move(request), options);
  for (const redis::Reply& reply : replies) {
    if (!reply.is_error()) continue;
    error = reply;
    return false;
  }
  return true;
}

bool Repair::step(StateWriter& writer, redis::Reply& error) {
  next_ = place_;
  single_taken_ = std::min(single_.size(), kRepairAgentsPerStep);
  std::vector<AgentId> agents(single_.begin(),
                              single_.begin() + static_cast<std::ptrdiff_t>(single_taken_));
  switch (stage_) {
    case Stage::none:
      break;
    case Stage::agents:
      plan_agents(writer, agents);
      break;
    case Stage::prices:
      write_prices(writer);
      break;
    case Stage::keys:
    case Stage::strangers:
      if (!find_strangers(writer, agents, error)) return false;
      break;
  }
  std::sort(agents.begin(), agents.end());
  agents.erase(std::unique(agents.begin(), agents.end()), agents.end());
  step_agents_ = agents.size();
  return rewrite_agents(writer, agents, error);
}

void Repair::plan_agents(StateWriter& writer, std::vector<AgentId>& agents) {
  const auto page = hot_.agents(place_.after, kAgentsLookedAtPerStep);
  std::size_t planned = 0;
  for (const AgentView& agent : page) {
    if (planned == kRepairAgentsPerStep) return;
    const bool is_lost = lost_[groups_.group_of(agent.id)];
    if (is_lost) agents.push_back(agent.id);
    bool has_lost_key = false;
    for (const KeyView& key : hot_.keys(agent.id)) {
      if (!lost_[groups_.group_of(key.sha256)]) continue;
      writer.write_key(key.sha256);
      has_lost_key = true;
    }
    if (is_lost || has_lost_key) ++planned;
    next_.after = agent.id;
  }
  if (page.size() < kAgentsLookedAtPerStep) next_.stage = Stage::prices;
}

bool Repair::rewrite_agents(StateWriter& writer, const std::vector<AgentId>& agents,
                            redis::Reply& error) {
  redis::Request request;
  for (const AgentId agent : agents) {
    const std::string list = agent_intents_key(agent);
    request.add(list, {"LRANGE", list, "0", "-1"});
  }
  std::vector<redis::Reply> lists;
  const bool is_read = call(std::move(request), lists, error);
  // A list that is something else is deleted with everything of its agent; what it named is not
  // known and stays behind.
  const bool is_other_type = error.text.starts_with("WRONGTYPE");
  if (!is_read && !is_other_type) return false;
  for (std::size_t i = 0; i < agents.size(); ++i) {
    writer.rewrite_agent(agents[i], parse_intent_list(lists[i]));
  }
  return true;
}

void Repair::write_prices(StateWriter& writer) {
  for (const stores::MarketView& market : hot_.markets()) writer.write_market(market.id);
  writer.write_groups();
  next_.stage = Stage::keys;
  next_.group = 0;
  next_.cursor = "0";
  if (!lost_[0]) next_group(Stage::keys);
}

// The next lost group, or else the next stage.
void Repair::next_group(Stage stage) {
  next_.cursor = "0";
  do {
    ++next_.group;
  } while (next_.group < groups_.count() && !lost_[next_.group]);
  if (next_.group < groups_.count()) return;
  next_.stage = stage == Stage::keys ? Stage::strangers : Stage::none;
  next_.group = 0;
  while (next_.group < groups_.count() && !lost_[next_.group]) ++next_.group;
}

bool Repair::find_strangers(StateWriter& writer, std::vector<AgentId>& agents,
                            redis::Reply& error) {
  const bool is_keys = stage_ == Stage::keys;
  const std::string index =
      is_keys ? groups_.key_index_key(place_.group) : groups_.agent_index_key(place_.group);
  redis::Request request;
  request.add(index, {"SSCAN", index, place_.cursor, "COUNT", kScanCount});
  std::vector<redis::Reply> replies;
  if (!call(std::move(request), replies, error)) return false;
  const redis::Reply& scanned = replies.front();
  if (scanned.elements.size() != 2) return false;
  for (const redis::Reply& element : scanned.elements[1].elements) {
    const std::string& name = element.text;
    Sha256 sha256{};
    AgentId agent = 0;
    if (is_keys) {
      if (parse_hex(name, sha256) && !hot_.find_key(sha256)) writer.write_key(sha256);
      continue;
    }
    std::from_chars(name.data(), name.data() + name.size(), agent);
    if (agent != 0 && !hot_.agent(agent)) agents.push_back(agent);
  }
  next_.cursor = scanned.elements[0].text;
  if (next_.cursor == "0") next_group(stage_);
  return true;
}

void Repair::commit() {
  place_ = next_;
  stage_ = place_.stage;
  if (stage_ == Stage::none) lost_.assign(groups_.count(), false);
  single_.erase(single_.begin(), single_.begin() + static_cast<std::ptrdiff_t>(single_taken_));
  single_taken_ = 0;
  agents_rewritten_ += step_agents_;
  step_agents_ = 0;
}

void Repair::abort() {
  single_taken_ = 0;
  step_agents_ = 0;
}

}  // namespace perpetua::projection
