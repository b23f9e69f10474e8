#include "stores/history/history_batch.hpp"

#include "stores/limit_fold.hpp"
#include "stores/order_fold.hpp"

namespace perpetua::stores {

bool leaves_rows(EventType type) {
  switch (type) {
    case EventType::market_created:
    case EventType::agent_registered:
    case EventType::thought_posted:
    case EventType::private_message:
    case EventType::signal_created:
    case EventType::signal_faded:
    case EventType::signal_closed:
    case EventType::ledger_entry:
    case EventType::order_accepted:
    case EventType::order_amended:
    case EventType::order_closed:
    case EventType::fill:
    case EventType::funding_settled:
    case EventType::liquidation:
    case EventType::fund_changed:
    case EventType::position_changed:
    case EventType::trigger_changed:
    case EventType::trigger_closed:
    case EventType::order_bracket:
    case EventType::market_change_scheduled:
    case EventType::market_changed:
      return true;
    default:
      return false;
  }
}

namespace {

bool is_for_accounting(EventType type) {
  return type == EventType::price_updated || type == EventType::account_changed;
}

void add_fund_deposits(const AppliedBatch& batch, HistoryBatch& result) {
  for (std::size_t i = 0; i < batch.commands.size(); ++i) {
    const Command& command = batch.commands[i];
    const Outcome& outcome = batch.outcomes[i];
    if (command.header.type == CommandType::fund_insurance && outcome.code == ResultCode::ok &&
        outcome.replayed == 0) {
      result.fund_deposits.push_back({command.header.market, command.fund_insurance.amount});
    }
  }
}

// Content and metadata lie side by side.
template <class Message>
std::string_view message_text(const Message& message, std::string_view text) {
  return text.substr(message.text.offset, message.text.length + message.metadata.length);
}

std::string_view text_of(const Event& event, const AppliedBatch& batch) {
  switch (event.header.type) {
    case EventType::market_created:
      return event_text(event.market_created.spec, batch.text);
    case EventType::market_change_scheduled:
      return event_text(event.market_change_scheduled.spec, batch.text);
    case EventType::agent_registered:
      return event_text(event.agent_registered.text, batch.text);
    case EventType::thought_posted:
      return message_text(event.thought_posted, batch.text);
    case EventType::private_message:
      return message_text(event.private_message, batch.text);
    case EventType::order_accepted:
      return intent_reason(event, batch);
    default:
      return {};
  }
}

// In the copy, as in the original, metadata follow the content.
template <class Message>
void place_message_text(Message& message, const TextSpan& span) {
  const uint32_t size = message.text.length;
  message.text.offset = span.offset;
  message.metadata = {span.offset + size, span.length - size};
}

}  // namespace

HistoryBatch make_history_batch(const AppliedBatch& batch, HistoryDetail detail) {
  HistoryBatch result;
  result.number = batch.number;
  result.log_time_ms = batch.log_time_ms;
  const bool has_accounting = detail == HistoryDetail::accounting;
  if (has_accounting) add_fund_deposits(batch, result);
  visit_violations(batch, [&](const ViolationView& row) { result.violations.push_back(row); });
  for (const Event& event : batch.events) {
    const EventType type = event.header.type;
    if (!leaves_rows(type) && !(has_accounting && is_for_accounting(type))) continue;
    const std::string_view text = text_of(event, batch);
    const TextSpan span{static_cast<uint32_t>(result.text.size()),
                        static_cast<uint32_t>(text.size())};
    result.text += text;
    result.events.push_back({event, span});
    // The copy carries its own text, so spans inside it point there.
    Event& copy = result.events.back().event;
    if (event.header.type == EventType::agent_registered) copy.agent_registered.text = span;
    if (event.header.type == EventType::thought_posted) {
      place_message_text(copy.thought_posted, span);
    } else if (event.header.type == EventType::private_message) {
      place_message_text(copy.private_message, span);
    }
  }
  return result;
}

}  // namespace perpetua::stores
