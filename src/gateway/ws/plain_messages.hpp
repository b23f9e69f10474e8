// The messages of the hub that this exchange replaces, as plain sockets get them:
// docs/websocket.md, "Plain sockets". Envelope {"type":...,"data":{...}}; a few are flat.
// Thread-safe.
#pragma once

#include <string>

#include "stores/activity/activity_views.hpp"
#include "stores/memory/hot_store.hpp"

namespace perpetua::gateway::ws {

// What one agent's pnl_update tells; sent again only if it is another.
struct PnlFigures {
  Micro total_pnl;
  Micro exposure;
  uint32_t positions = 0;
  bool operator==(const PnlFigures&) const = default;
};

std::string new_agent_message(const stores::HotStore& hot, const stores::AgentView& agent);
std::string new_intent_message(const stores::HotStore& hot, const stores::IntentView& intent);
std::string new_match_message(const stores::HotStore& hot, const stores::MatchView& match);
std::string intent_cancelled_message(OrderId intent);
std::string agent_thought_message(const stores::HotStore& hot, const stores::IntentView& intent);
std::string pnl_update_message(AgentId agent, const PnlFigures& figures);
std::string plain_liquidation_message(const stores::HotStore& hot,
                                      const stores::LiquidationView& step);
std::string chat_message(const stores::HotStore& hot, const stores::MessageView& message);
std::string price_update_message(const stores::MarketView& market);
std::string position_update_message(const stores::HotStore& hot,
                                    const stores::PositionRecord& record);
// Flat ones.
std::string signal_created_message(const stores::HotStore& hot, const stores::SignalView& signal);
std::string signal_faded_message(const stores::SignalView& signal);
std::string bet_settled_message(const stores::HotStore& hot, const stores::SignalView& signal);

}  // namespace perpetua::gateway::ws
