#include "gateway/ws/hub.hpp"

#include <algorithm>
#include <chrono>

#include "base/assert.hpp"
#include "gateway/ws/market_messages.hpp"
#include "gateway/ws/private_messages.hpp"
#include "gateway/ws/shard.hpp"
#include "stores/activity/activity.hpp"
#include "stores/agent_fold.hpp"
#include "stores/memory/hot_store.hpp"
#include "stores/perpetual_fold.hpp"
#include "stores/safety_fold.hpp"

namespace perpetua::gateway::ws {
namespace {

int64_t steady_now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// The event stream that shows an event; thoughts where none does.
Channel stream_of(EventType type) {
  switch (type) {
    case EventType::market_status:
    case EventType::market_change_scheduled:
    case EventType::market_changed:
      return Channel::status;
    case EventType::premium_sampled:
    case EventType::funding_settled:
      return Channel::funding;
    case EventType::liquidation:
      return Channel::liquidations;
    case EventType::fund_changed:
      return Channel::insurance;
    default:
      return Channel::thoughts;
  }
}

}  // namespace

Hub::Hub(const stores::HotStore& hot, unsigned io_threads, const FeedIntervals& intervals)
    : hot_(hot),
      markets_(hot),
      intervals_(intervals),
      shards_(io_threads),
      plain_(hot),
      feeds_(limits::kMarketsMax),
      arms_(io_threads) {
  PERPETUA_ASSERT(io_threads > 0);
  for (unsigned i = 0; i < io_threads; ++i) mailboxes_.push_back(std::make_unique<Mailbox>());
}

Hub::~Hub() = default;

void Hub::note_past(const AppliedBatch& batch) {
  const std::lock_guard lock(mutex_);
  for (const Event& event : batch.events) {
    if (is_private(event.header.type)) recent_.add(event, batch.log_time_ms);
  }
}

void Hub::start() {
  const std::lock_guard lock(mutex_);
  AgentId after = 0;
  for (;;) {
    const auto page = hot_.agents(after, stores::hot_limits::kPageMax);
    if (page.empty()) return;
    for (const stores::AgentView& agent : page) {
      const auto account = hot_.account(agent.id);
      if (account) recent_.set_last_sequence(agent.id, account->agent_sequence);
    }
    after = page.back().id;
  }
}

void Hub::on_batch(const AppliedBatch& batch, std::span<const runtime::ReplyTarget> /*targets*/) {
  outgoing_.clear();
  private_events_.clear();
  trades_.clear();
  thoughts_.clear();
  market_events_.clear();
  alerts_.clear();
  positions_.clear();
  plain_.note(batch);
  {
    const std::lock_guard lock(mutex_);
    for (const Event& event : batch.events) note_event(batch, event);
    note_alerts();
  }
  serialise_private(batch);
  serialise_positions();
  serialise_alerts();
  serialise_trades(batch);
  serialise_market_events(batch);
  serialise_thoughts(batch);
  post(outgoing_);

  const std::lock_guard lock(mutex_);
  const int64_t now_ms = steady_now_ms();
  const int64_t next_ms = std::min(publish_due(now_ms), plain_.due_ms());
  if (next_ms != kNeverMs && armed_ == kNotArmed) arm(std::max<int64_t>(0, next_ms - now_ms));
}

void Hub::note_event(const AppliedBatch& batch, const Event& event) {
  if (is_private(event.header.type)) note_private(batch, event);
  if (MarketFeed* feed = find_feed(event.header.market)) {
    feed->note(event);
    if (event.header.type == EventType::fill && event.fill.is_taker != 0 &&
        feed->has_watchers(Channel::trades)) {
      trades_.push_back(&event);
    }
    if (feed->has_watchers(stream_of(event.header.type))) market_events_.push_back(&event);
  }
  note_public(event);
}

void Hub::note_private(const AppliedBatch& batch, const Event& event) {
  recent_.add(event, batch.log_time_ms);
  const AgentId agent = event.header.agent;
  if (agent < position_watchers_.size() && position_watchers_[agent] > 0) note_position(event);
  if (agent < agent_watchers_.size() && agent_watchers_[agent] > 0) {
    private_events_.push_back(&event);
  }
}

void Hub::note_position(const Event& event) {
  const EventType type = event.header.type;
  if (type != EventType::fill && type != EventType::position_changed) return;
  const std::pair changed(event.header.agent, event.header.market);
  if (std::find(positions_.begin(), positions_.end(), changed) == positions_.end()) {
    positions_.push_back(changed);
  }
}

void Hub::note_alerts() {
  for (const stores::AlertView& alert : hot_.last_alerts()) {
    if (alert.agent < agent_watchers_.size() && agent_watchers_[alert.agent] > 0) {
      alerts_.push_back(&alert);
    }
  }
}

void Hub::note_public(const Event& event) {
  if (event.header.type == EventType::thought_posted) {
    const bool is_thought = event.thought_posted.kind == MessageKind::thought;
    if (is_thought && thought_watchers_ > 0) thoughts_.push_back(&event);
  } else if (event.header.type == EventType::key_revoked) {
    Delivery revoked;
    revoked.revoked_key_id = event.key_revoked.key_id;
    outgoing_.push_back(std::move(revoked));
  }
}

// REQUIRES: mutex_ is held. Posts under it, so that two publishers cannot swap two deltas.
int64_t Hub::publish_due(int64_t now_ms) {
  due_.clear();
  int64_t next_ms = kNeverMs;
  for (const auto& feed : feeds_) {
    if (feed) next_ms = std::min(next_ms, feed->publish_due(now_ms, due_));
  }
  frames_made_.fetch_add(due_.size(), std::memory_order_relaxed);
  post(due_);
  return next_ms;
}

void Hub::post(std::vector<Delivery>& deliveries) {
  for (const auto& mailbox : mailboxes_) mailbox->post(deliveries);
  deliveries.clear();
}

void Hub::serialise_private(const AppliedBatch& batch) {
  for (const Event* event : private_events_) {
    const EventHeader& header = event->header;
    const MarketSpec* spec = hot_.market_spec(header.market);
    const auto [main, second] = channels_of(header.type);
    const auto add = [&](Channel channel) {
      outgoing_.push_back({agent_topic(channel, header.agent), header.agent_sequence,
                           text_frame(private_message(channel, *event, spec, batch.log_time_ms))});
      frames_made_.fetch_add(1, std::memory_order_relaxed);
    };
    add(main);
    if (second != main) add(second);
  }
}

// Once a batch, as it is after it; one that ended is told with its last values.
void Hub::serialise_positions() {
  const stores::PositionLog& log = hot_.activity().positions();
  for (const auto& [agent, market] : positions_) {
    auto record = log.open(agent, market);
    const auto ended = log.closed(agent, 1);
    if (!record && !ended.empty() && ended[0].market == market) record = ended[0];
    if (!record) continue;
    outgoing_.push_back({agent_topic(Channel::position_updates, agent), 0,
                         text_frame(position_update_message(hot_, *record))});
    frames_made_.fetch_add(1, std::memory_order_relaxed);
  }
}

void Hub::serialise_trades(const AppliedBatch& batch) {
  const auto market_of = [](const Event* event) { return event->header.market; };
  std::stable_sort(trades_.begin(), trades_.end(),
                   [&](const Event* a, const Event* b) { return market_of(a) < market_of(b); });
  std::span<const Event* const> left = trades_;
  while (!left.empty()) {
    const MarketId market = market_of(left.front());
    std::size_t count = 1;
    while (count < left.size() && count < kTradesPerMessageMax &&
           market_of(left[count]) == market) {
      ++count;
    }
    outgoing_.push_back({Topic(Channel::trades, market), 0,
                         text_frame(trades_message(*hot_.market_spec(market), left.first(count),
                                                   batch.log_time_ms))});
    frames_made_.fetch_add(1, std::memory_order_relaxed);
    left = left.subspan(count);
  }
}

void Hub::serialise_alerts() {
  for (const stores::AlertView* alert : alerts_) {
    const MarketSpec& spec = *hot_.market_spec(alert->market);
    outgoing_.push_back(
        {agent_topic(Channel::alerts, alert->agent), 0, text_frame(alert_message(spec, *alert))});
    frames_made_.fetch_add(1, std::memory_order_relaxed);
  }
}

void Hub::serialise_market_events(const AppliedBatch& batch) {
  const int64_t time_ms = batch.log_time_ms;
  for (const Event* event : market_events_) {
    const MarketId market = event->header.market;
    const MarketSpec& spec = *hot_.market_spec(market);
    const Channel channel = stream_of(event->header.type);
    std::string text;
    if (event->header.type == EventType::market_change_scheduled) {
      const auto next = event_text(event->market_change_scheduled.spec, batch.text);
      text = change_message(*hot_.market(market), stores::make_scheduled_change(*event, next),
                            false, time_ms);
    } else if (event->header.type == EventType::market_changed) {
      text = change_message(*hot_.market(market), {spec, time_ms}, true, time_ms);
    } else if (channel == Channel::status) {
      stores::MarketView view = *hot_.market(market);
      view.mode = event->market_status.mode;
      view.is_stale = event->market_status.is_stale != 0;
      view.is_breaker_open = event->market_status.is_breaker_open != 0;
      text = status_message(view, time_ms);
    } else if (event->header.type == EventType::premium_sampled) {
      text = funding_message(*hot_.market(market), time_ms);
    } else if (channel == Channel::funding) {
      text = funding_message(spec, stores::make_funding(*event, time_ms));
    } else if (channel == Channel::liquidations) {
      text = liquidation_message(spec, stores::make_liquidation(*event, time_ms));
    } else {
      text = fund_message(spec, stores::make_fund_change(*event, time_ms));
    }
    outgoing_.push_back({Topic(channel, market), 0, text_frame(text)});
    frames_made_.fetch_add(1, std::memory_order_relaxed);
  }
}

void Hub::serialise_thoughts(const AppliedBatch& batch) {
  for (const Event* event : thoughts_) {
    const stores::ThoughtView view = stores::make_thought(*event, batch.text, batch.log_time_ms);
    const Frame frame = text_frame(thought_message(view, markets_));
    frames_made_.fetch_add(1, std::memory_order_relaxed);
    outgoing_.push_back({agent_topic(Channel::thoughts, 0), 0, frame});
    outgoing_.push_back({agent_topic(Channel::thoughts, event->header.agent), 0, frame});
  }
}

std::optional<int64_t> Hub::tick() {
  const int64_t now_ms = steady_now_ms();
  std::vector<Delivery> plain;
  plain_.publish(now_ms, plain);
  frames_made_.fetch_add(plain.size(), std::memory_order_relaxed);
  post(plain);
  const std::lock_guard lock(mutex_);
  const int64_t next_ms = std::min(publish_due(now_ms), plain_.due_ms());
  if (next_ms != kNeverMs) return std::max<int64_t>(0, next_ms - now_ms);
  armed_ = kNotArmed;
  return std::nullopt;
}

// REQUIRES: mutex_ is held.
void Hub::arm(int64_t delay_ms) {
  const auto found = std::find_if(arms_.begin(), arms_.end(), [](const auto& f) { return !!f; });
  if (found == arms_.end()) return;
  armed_ = static_cast<std::size_t>(found - arms_.begin());
  (*found)(delay_ms);
}

void Hub::on_due(unsigned io_index, std::function<void(int64_t)> arm_function) {
  const std::lock_guard lock(mutex_);
  arms_[io_index] = std::move(arm_function);
  if (arms_[io_index] || armed_ != io_index) return;
  // The thread that was to tick will not: another one takes over.
  armed_ = kNotArmed;
  arm(0);
}

MarketFeed* Hub::find_feed(MarketId market) {
  return market < feeds_.size() ? feeds_[market].get() : nullptr;
}

Snapshot Hub::watch(Topic topic) {
  const std::lock_guard lock(mutex_);
  if (topic.channel() == Channel::plain) {
    plain_.watch();
    return {};
  }
  if (topic.channel() == Channel::position_updates) {
    if (topic.agent() >= position_watchers_.size()) position_watchers_.resize(topic.agent() + 1);
    ++position_watchers_[topic.agent()];
    return {};
  }
  if (topic.channel() == Channel::thoughts) {
    ++thought_watchers_;
    return {};
  }
  // Feeds are made when first watched: before that nothing of theirs is ever published.
  std::unique_ptr<MarketFeed>& feed = feeds_[topic.market()];
  if (feed == nullptr) feed = std::make_unique<MarketFeed>(hot_, topic.market(), intervals_);
  feed->watch(topic);
  return feed->snapshot(topic);
}

void Hub::unwatch(Topic topic) {
  const std::lock_guard lock(mutex_);
  if (topic.channel() == Channel::plain) return plain_.unwatch();
  if (topic.channel() == Channel::position_updates) {
    PERPETUA_ASSERT(position_watchers_[topic.agent()] > 0);
    --position_watchers_[topic.agent()];
    return;
  }
  if (topic.channel() == Channel::thoughts) {
    PERPETUA_ASSERT(thought_watchers_ > 0);
    --thought_watchers_;
    return;
  }
  feeds_[topic.market()]->unwatch(topic);
}

Snapshot Hub::snapshot(Topic topic) {
  const std::lock_guard lock(mutex_);
  MarketFeed* feed = find_feed(topic.market());
  return feed == nullptr ? Snapshot{} : feed->snapshot(topic);
}

AgentWatch Hub::watch_agent(AgentId agent, std::optional<uint64_t> resume_from) {
  AgentWatch watch;
  const std::lock_guard lock(mutex_);
  if (agent >= agent_watchers_.size()) agent_watchers_.resize(agent + 1);
  ++agent_watchers_[agent];
  watch.last_sequence = recent_.last_sequence(agent);
  if (resume_from) watch.is_complete = recent_.collect_after(agent, *resume_from, watch.missed);
  return watch;
}

void Hub::unwatch_agent(AgentId agent) {
  const std::lock_guard lock(mutex_);
  PERPETUA_ASSERT(agent < agent_watchers_.size() && agent_watchers_[agent] > 0);
  --agent_watchers_[agent];
}

}  // namespace perpetua::gateway::ws
