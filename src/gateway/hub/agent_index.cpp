#include "gateway/hub/agent_index.hpp"

#include <algorithm>
#include <chrono>

#include "gateway/hub/format.hpp"
#include "stores/activity/activity.hpp"
#include "stores/memory/hot_store.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr std::size_t kRecentFills = 20;  // that tell what an agent trades

uint32_t ratio_ppm(int64_t part, int64_t whole) {
  return whole <= 0 ? 0 : static_cast<uint32_t>(mul_div_floor(part, kPpm, whole));
}

uint64_t markets_of(const stores::HotStore& hot, AgentId agent) {
  uint64_t markets = 0;
  for (const auto& position : hot.positions(agent)) markets |= uint64_t{1} << position.market;
  for (const auto& fill : hot.fills(agent, kNoMarket, kRecentFills)) {
    markets |= uint64_t{1} << fill.market;
  }
  return markets;
}

IndexedAgent index_agent(const stores::HotStore& hot, const LastSeen& seen,
                         const stores::AgentView& view, int64_t now_ms) {
  const stores::AgentStatistics statistics = hot.activity().statistics(view.id);
  const stores::AccountView account = hot.account(view.id).value_or(stores::AccountView());
  const Micro locked = account.reserved + account.position_margin;
  IndexedAgent row;
  row.agent = view.id;
  row.name = view.display_name.empty() ? agent_name(view.id) : view.display_name;
  row.description = view.bio;
  row.markets = markets_of(hot, view.id);
  row.trades = statistics.trades;
  row.reputation_ppm = statistics.reputation_ppm();
  row.win_rate_ppm = ratio_ppm(static_cast<int64_t>(statistics.wins),
                               static_cast<int64_t>(statistics.wins + statistics.losses));
  row.risk_ppm = ratio_ppm(locked.value, (account.free + locked).value);
  row.pnl = statistics.realised_pnl;
  row.is_online = now_ms - seen.agent_ms(view.id) < kOnlineMs;
  return row;
}

}  // namespace

std::shared_ptr<const AgentIndex::Rows> AgentIndex::rows(const stores::HotStore& hot,
                                                         const LastSeen& seen, int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  if (rows_ != nullptr && now_ms - made_at_ms_ < keep_ms_) return rows_;
  const auto start = std::chrono::steady_clock::now();
  auto made = std::make_shared<Rows>();
  AgentId last = 0;
  for (;;) {
    const auto page = hot.agents(last, stores::hot_limits::kPageMax);
    for (const auto& view : page) made->push_back(index_agent(hot, seen, view, now_ms));
    if (page.size() < stores::hot_limits::kPageMax) break;
    last = page.back().id;
  }
  rows_ = std::move(made);
  made_at_ms_ = now_ms;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start);
  keep_ms_ = std::max<int64_t>(kIndexIntervalMs, took.count() * kIndexRest);
  return rows_;
}

}  // namespace perpetua::gateway::hub
