// Hub: the fan-out of /ws. One per process, between the egress thread and the io threads.
//
//   egress --on_batch--> [ recent events | market feeds ] --Delivery--> mailbox of each io thread
//
// Each message is serialised and framed once, whatever the number of sockets, and not at all if
// nobody watches. Market streams are coalesced (FeedIntervals): on_batch publishes what is due,
// tick() the rest. Subscribing and fan-out meet under one mutex: a snapshot of sequence n, or a
// resume up to n, is followed by everything after n in the caller's mailbox, and possibly by
// messages up to n, which the subscriber must skip.
// Thread-safety: on_batch by the egress thread, after the hot store's; note_past() and start()
// before that; the rest by any thread. on_batch does not block: the mutex is held for bookkeeping,
// book windows and tickers, not while private messages are serialised.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "gateway/codec/markets.hpp"
#include "gateway/ws/mailbox.hpp"
#include "gateway/ws/market_feed.hpp"
#include "gateway/ws/plain_feed.hpp"
#include "gateway/ws/recent_events.hpp"
#include "runtime/api/egress.hpp"

namespace perpetua::gateway::ws {

class Shard;

// Answer to watch_agent: everything after last_sequence will come through the mailbox.
struct AgentWatch {
  uint64_t last_sequence = 0;
  bool is_complete = true;          // false: `resume_from` is too old; nothing missed is listed
  std::vector<RecentEvent> missed;  // after resume_from, up to last_sequence
};

class Hub final : public runtime::EgressListener {
 public:
  Hub(const stores::HotStore& hot, unsigned io_threads, const FeedIntervals& intervals = {});
  ~Hub() override;
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // A batch that the process replays before start(), each in order, so that a resume reaches back
  // further than the process. Without: nothing before start() can be resumed.
  void note_past(const AppliedBatch& batch);

  // Takes over where every agent's sequence stands. After the hot store's bootstrap, before the
  // first batch; not needed for an empty exchange.
  void start();

  void on_batch(const AppliedBatch& batch, std::span<const runtime::ReplyTarget> targets) override;

  // Publishes what has become due; returns the milliseconds until the next, or nullopt if none is
  // waiting: on_batch then calls an `arm` when there is. The io thread of that `arm` calls tick()
  // after the delay. One arm per io thread; null: that thread ticks no more.
  std::optional<int64_t> tick();
  void on_due(unsigned io_index, std::function<void(int64_t delay_ms)> arm);

  Mailbox& mailbox(unsigned io_index) { return *mailboxes_[io_index]; }

  // Public topics, and position_updates. REQUIRES: a topic with a market names one the hot store
  // knows.
  Snapshot watch(Topic topic);
  void unwatch(Topic topic);
  Snapshot snapshot(Topic topic);

  // One private subscription of an agent; the missed events only if resume_from is given.
  AgentWatch watch_agent(AgentId agent, std::optional<uint64_t> resume_from);
  void unwatch_agent(AgentId agent);

  // Open sockets of all io threads.
  void count_socket(int change) { sockets_.fetch_add(change, std::memory_order_relaxed); }
  int sockets() const { return sockets_.load(std::memory_order_relaxed); }

  // Frames made since the start: what "serialised once" is checked against.
  uint64_t frames_made() const { return frames_made_.load(std::memory_order_relaxed); }

  // The sockets of one io thread; set and read by that thread alone (shard.cpp).
  std::weak_ptr<Shard>& shard(unsigned io_index) { return shards_[io_index]; }

 private:
  static constexpr std::size_t kNotArmed = SIZE_MAX;

  MarketFeed* find_feed(MarketId market);
  void arm(int64_t delay_ms);
  void note_event(const AppliedBatch& batch, const Event& event);
  void note_private(const AppliedBatch& batch, const Event& event);
  void note_public(const Event& event);
  void note_alerts();
  void note_position(const Event& event);
  int64_t publish_due(int64_t now_ms);
  void post(std::vector<Delivery>& deliveries);
  void serialise_trades(const AppliedBatch& batch);
  void serialise_market_events(const AppliedBatch& batch);
  void serialise_alerts();
  void serialise_thoughts(const AppliedBatch& batch);
  void serialise_private(const AppliedBatch& batch);
  void serialise_positions();

  const stores::HotStore& hot_;
  const HotMarketDirectory markets_;
  const FeedIntervals intervals_;
  std::vector<std::unique_ptr<Mailbox>> mailboxes_;
  std::vector<std::weak_ptr<Shard>> shards_;
  std::atomic<uint64_t> frames_made_{0};
  std::atomic<int> sockets_{0};
  PlainFeed plain_;  // locks for itself

  std::mutex mutex_;                                // all below, but for the egress thread's own
  std::vector<std::unique_ptr<MarketFeed>> feeds_;  // by market, made on first use
  RecentEvents recent_;
  std::vector<uint32_t> agent_watchers_;     // by agent
  std::vector<uint32_t> position_watchers_;  // by agent
  uint32_t thought_watchers_ = 0;
  std::vector<std::function<void(int64_t)>> arms_;  // by io thread
  std::size_t armed_ = kNotArmed;                   // the io thread that will tick
  std::vector<Delivery> due_;

  // Egress thread only, filled under the mutex, used after it.
  std::vector<Delivery> outgoing_;
  std::vector<const Event*> private_events_;
  std::vector<const Event*> trades_;  // takers' fills of watched markets
  std::vector<const Event*> thoughts_;
  std::vector<const Event*> market_events_;              // status to insurance, of watched topics
  std::vector<const stores::AlertView*> alerts_;         // of watched agents
  std::vector<std::pair<AgentId, MarketId>> positions_;  // changed ones of position_watchers_
};

}  // namespace perpetua::gateway::ws
