#include "gateway/ws/plain_feed.hpp"

#include <algorithm>

#include "gateway/ws/market_feed.hpp"
#include "stores/activity/activity.hpp"
#include "stores/perpetual_fold.hpp"

namespace perpetua::gateway::ws {
namespace {

bool is_trading(uint8_t kind) { return kind >= 1 && kind <= 3; }  // intents, matches, cancels

Delivery delivery_of(const std::string& text) {
  return {Topic(Channel::plain, kNoMarket), 0, text_frame(text), 0};
}

}  // namespace

void PlainFeed::watch() {
  if (watchers_.fetch_add(1, std::memory_order_relaxed) != 0) return;
  const std::lock_guard guard(mutex_);  // what was left when the last one went is old
  notes_.clear();
  counts_ = {};
  changed_prices_ = 0;
}

void PlainFeed::note(const AppliedBatch& batch) {
  if (watchers_.load(std::memory_order_relaxed) == 0) return;
  const std::lock_guard guard(mutex_);
  for (const Event& event : batch.events) note_event(batch, event);
}

void PlainFeed::note_event(const AppliedBatch& batch, const Event& event) {
  const MarketId market = event.header.market;
  switch (event.header.type) {
    case EventType::agent_registered:
      return add({Kind::agent, kNoMarket, event.header.agent, {}});
    case EventType::price_updated:
      changed_prices_ |= uint64_t{1} << market;
      return;
    case EventType::order_accepted:
      if ((event.order_accepted.flags & kIntent) == 0) return;
      return add({Kind::intent, market, event.order_accepted.order_id, {}});
    case EventType::order_closed:
      return note_intent_end(event);
    case EventType::fill:
      queue_pnl(event.header.agent);
      if (event.fill.is_taker != 0) add({Kind::match, market, event.fill.trade_id, {}});
      return;
    case EventType::position_changed:
      return queue_pnl(event.header.agent);
    case EventType::liquidation:
      if (event.header.agent == 0) return;
      return add({Kind::liquidation, market, event.header.sequence,
                  stores::make_liquidation(event, batch.log_time_ms)});
    case EventType::thought_posted:
      return add({Kind::chat, kNoMarket, event.thought_posted.thought_id, {}});
    case EventType::signal_created:
      return add({Kind::signal_created, market, event.signal_created.signal_id, {}});
    case EventType::signal_faded:
      return add({Kind::signal_faded, market, event.signal_faded.signal_id, {}});
    case EventType::signal_closed:
      if (event.signal_closed.end != SignalEnd::settled) return;
      return add({Kind::bet_settled, market, event.signal_closed.signal_id, {}});
    default:
      return;
  }
}

// Of the ends of an intent only the cancel has a message; the others show in its status.
void PlainFeed::note_intent_end(const Event& event) {
  const OrderId id = event.order_closed.order_id;
  const auto intent = hot_.activity().intents().find(id);
  if (!intent || stores::intent_state(intent->order) != stores::IntentState::cancelled) return;
  add({Kind::cancel, event.header.market, id, {}});
}

// What trading makes grows with the load and is cut with the number of sockets; the rest is rare.
std::size_t PlainFeed::budget(Kind kind) const {
  if (!is_trading(static_cast<uint8_t>(kind))) return kPlainBudgetMax;
  constexpr uint32_t kPerInterval =
      kPlainFramesPerSecondMax / (1'000 / static_cast<uint32_t>(kPlainIntervalMs));
  const uint32_t watchers = std::max(1u, watchers_.load(std::memory_order_relaxed));
  return std::clamp<std::size_t>(kPerInterval / watchers, kPlainBudgetMin, kPlainBudgetMax);
}

void PlainFeed::add(const Note& note) {
  std::size_t& count = counts_[static_cast<std::size_t>(note.kind)];
  if (count >= budget(note.kind)) return;
  ++count;
  notes_.push_back(note);
}

void PlainFeed::queue_pnl(AgentId agent) {
  if (agent == 0 || pnl_queue_.size() >= kPlainPnlQueueMax) return;
  if (is_pnl_queued_.emplace(agent, true).second) pnl_queue_.push_back(agent);
}

bool PlainFeed::has_pending() const {
  return !notes_.empty() || changed_prices_ != 0 || !pnl_queue_.empty();
}

int64_t PlainFeed::due_ms() const {
  if (watchers_.load(std::memory_order_relaxed) == 0) return kNeverMs;
  const std::lock_guard guard(mutex_);
  return has_pending() ? published_at_ms_.load(std::memory_order_relaxed) + kPlainIntervalMs
                       : kNeverMs;
}

int64_t PlainFeed::publish(int64_t now_ms, std::vector<Delivery>& out) {
  const int64_t due = due_ms();
  if (due > now_ms) return due;
  const std::lock_guard publishing(publish_mutex_);
  std::vector<Note> notes;
  {
    const std::lock_guard guard(mutex_);
    notes.swap(notes_);
    counts_ = {};
  }
  published_at_ms_.store(now_ms, std::memory_order_relaxed);
  publish_notes(notes, out);
  publish_prices(now_ms, out);
  publish_pnl(now_ms, out);
  return due_ms();
}

void PlainFeed::publish_notes(const std::vector<Note>& notes, std::vector<Delivery>& out) const {
  const stores::Activity& activity = hot_.activity();
  const auto send = [&](const std::string& text) { out.push_back(delivery_of(text)); };
  for (const Note& note : notes) {
    switch (note.kind) {
      case Kind::agent:
        if (const auto agent = hot_.agent(static_cast<AgentId>(note.id))) {
          send(new_agent_message(hot_, *agent));
        }
        break;
      case Kind::intent:
        if (const auto intent = activity.intents().find(note.id)) {
          send(new_intent_message(hot_, *intent));
          if (!intent->order.intent_reason.empty()) send(agent_thought_message(hot_, *intent));
        }
        break;
      case Kind::match:
        if (const auto match = activity.matches().find(note.market, note.id)) {
          send(new_match_message(hot_, *match));
        }
        break;
      case Kind::cancel:
        send(intent_cancelled_message(note.id));
        break;
      case Kind::liquidation:
        send(plain_liquidation_message(hot_, note.step));
        break;
      case Kind::chat: {
        const auto rows = hot_.messages(stores::kAllMessageKinds, note.id + 1, 1);
        if (!rows.empty() && rows[0].thought_id == note.id) send(chat_message(hot_, rows[0]));
        break;
      }
      default:
        if (const auto signal = hot_.signal(note.id)) {
          send(note.kind == Kind::signal_created ? signal_created_message(hot_, *signal)
               : note.kind == Kind::signal_faded ? signal_faded_message(*signal)
                                                 : bet_settled_message(hot_, *signal));
        }
    }
  }
}

// A price that changes within a second of the last message waits for the second to be over.
void PlainFeed::publish_prices(int64_t now_ms, std::vector<Delivery>& out) {
  uint64_t changed = 0;
  {
    const std::lock_guard guard(mutex_);
    changed = changed_prices_;
  }
  uint64_t sent = 0;
  for (std::size_t i = 0; i < priced_at_ms_.size(); ++i) {
    const bool is_changed = (changed >> i & 1) != 0;
    const bool is_due = priced_at_ms_[i] == 0 || now_ms - priced_at_ms_[i] >= kPlainPriceIntervalMs;
    if (!is_changed || !is_due) continue;
    sent |= uint64_t{1} << i;
    priced_at_ms_[i] = now_ms;
    out.push_back(delivery_of(price_update_message(*hot_.market(static_cast<MarketId>(i)))));
  }
  const std::lock_guard guard(mutex_);
  changed_prices_ &= ~sent;
}

// Marks move the PnL of everybody who holds something, trades only that of their own.
void PlainFeed::sweep_pnl(int64_t now_ms) {
  if (now_ms - swept_at_ms_ < kPlainPnlIntervalMs) return;
  swept_at_ms_ = now_ms;
  std::vector<AgentId> holders;
  hot_.visit_open_pnl([&](AgentId agent, const stores::OpenPnl&) { holders.push_back(agent); });
  const std::lock_guard guard(mutex_);
  for (const AgentId agent : holders) queue_pnl(agent);
}

void PlainFeed::publish_pnl(int64_t now_ms, std::vector<Delivery>& out) {
  sweep_pnl(now_ms);
  std::vector<AgentId> agents;
  {
    const std::lock_guard guard(mutex_);
    while (!pnl_queue_.empty() && agents.size() < budget(Kind::match)) {
      agents.push_back(pnl_queue_.front());
      is_pnl_queued_.erase(pnl_queue_.front());
      pnl_queue_.pop_front();
    }
  }
  for (const AgentId agent : agents) {
    SentPnl& sent = sent_pnl_[agent];
    // Too early: the next sweep, or the next fill after the time is over, tells the change.
    if (sent.at_ms != 0 && now_ms - sent.at_ms < kPlainPnlIntervalMs) continue;
    PnlFigures figures{hot_.activity().statistics(agent).realised_pnl, Micro(0), 0};
    for (const stores::PositionView& position : hot_.positions(agent)) {
      figures.total_pnl += position.unrealised_pnl;
      figures.exposure += position.notional;
      ++figures.positions;
    }
    if (sent.at_ms != 0 && figures == sent.figures) continue;
    sent = {figures, now_ms};
    out.push_back(delivery_of(pnl_update_message(agent, figures)));
  }
}

}  // namespace perpetua::gateway::ws
