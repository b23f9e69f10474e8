// Folding what bounds an agent out of batches: shared by the hot store and the history. Pure.
#pragma once

#include <charconv>
#include <optional>

#include "engine/schema/batch.hpp"
#include "stores/limit_views.hpp"
#include "stores/views.hpp"

namespace perpetua::stores {

// Orders that risk limits refused leave no event: their batch tells them, each with a number made
// of the batch's and the command's place in it.
template <class Visit>
void visit_violations(const AppliedBatch& batch, Visit&& visit) {
  constexpr unsigned kPlaceBits = 12;
  static_assert(limits::kBatchCommandsMax <= 1u << kPlaceBits);
  for (std::size_t i = 0; i < batch.commands.size(); ++i) {
    const Outcome& outcome = batch.outcomes[i];
    if (outcome.code != ResultCode::limit_exceeded || outcome.replayed != 0) continue;
    ViolationView view;
    view.number = batch.number << kPlaceBits | i;
    view.agent = batch.commands[i].header.agent;
    view.market = batch.commands[i].header.market;
    view.limit = static_cast<RiskLimit>(outcome.values[0]);
    view.value = outcome.values[1];
    view.allowed = outcome.values[2];
    view.time_ms = batch.log_time_ms;
    visit(view);
  }
}

// docs/rules-agents.md section 24.
inline bool is_note(const PrivateMessage& message) {
  return message.kind == MessageKind::alert && message.from_agent == message.to_agent;
}
inline bool is_note(const MessageView& message) {
  return message.kind == MessageKind::alert && message.agent == message.to_agent;
}

// The alert whose acknowledgement a note is. Nothing: the note says something else.
inline std::optional<uint64_t> noted_alert(std::string_view text) {
  uint64_t alert = 0;
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, alert);
  if (error != std::errc() || last != end) return std::nullopt;
  return alert;
}

}  // namespace perpetua::stores
