// Folding registrations and ledger entries into views: shared by the hot store and the history.
// Pure.
#pragma once

#include <string_view>

#include "engine/schema/batch.hpp"
#include "stores/views.hpp"

namespace perpetua::stores {

// `text` is the text area the event points into: wallet, display name, bio, twitter
// handle without separators.
inline AgentView make_agent(const Event& event, std::string_view text) {
  const AgentRegistered& registered = event.agent_registered;
  std::string_view rest = event_text(registered.text, text);
  const auto take = [&rest](std::size_t size) {
    const std::string_view part = rest.substr(0, size);
    rest.remove_prefix(part.size());
    return std::string(part);
  };
  AgentView view;
  view.id = event.header.agent;
  view.wallet = take(registered.wallet_length);
  view.display_name = take(registered.display_name_length);
  view.bio = take(registered.bio_length);
  view.twitter_handle = take(registered.twitter_handle_length);
  view.registered_at_ms = registered.registered_at_ms;
  return view;
}

inline ThoughtView make_thought(const Event& event, std::string_view text, int64_t time_ms) {
  ThoughtView view;
  view.thought_id = event.thought_posted.thought_id;
  view.agent = event.header.agent;
  view.market = event.header.market;
  view.time_ms = time_ms;
  view.text = event_text(event.thought_posted.text, text);
  view.metadata = event_text(event.thought_posted.metadata, text);
  view.kind = event.thought_posted.kind;
  return view;
}

// REQUIRES: private_message.
inline MessageView make_private_message(const Event& event, std::string_view text,
                                        int64_t time_ms) {
  const PrivateMessage& message = event.private_message;
  MessageView view;
  view.thought_id = message.message_id;
  view.agent = message.from_agent;
  view.market = event.header.market;
  view.time_ms = time_ms;
  view.text = event_text(message.text, text);
  view.metadata = event_text(message.metadata, text);
  view.kind = message.kind;
  view.to_agent = message.to_agent;
  return view;
}

inline LedgerEntryView make_ledger_entry(const Event& event, int64_t time_ms) {
  const LedgerEntry& entry = event.ledger_entry;
  LedgerEntryView view;
  view.sequence = event.header.sequence;
  view.agent = event.header.agent;
  view.counterparty = entry.counterparty;
  view.kind = entry.kind;
  view.amount = entry.amount;
  view.free_after = entry.free_after;
  view.time_ms = time_ms;
  view.is_onchain = entry.is_onchain != 0;
  view.claim = entry.claim;
  return view;
}

}  // namespace perpetua::stores
