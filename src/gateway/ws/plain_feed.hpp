// PlainFeed: the stream of plain sockets, who neither logged in nor asked for anything. They get
// the messages of the hub that this exchange replaces, thinned out before anything else is.
//
//   egress --note--> what happened, by kind, bounded --publish, every kPlainIntervalMs--> frames
//
// note() keeps ids only, nothing at all while nobody listens; the messages are made from the hot
// store by the io thread that publishes, so an intent shows its latest status. Of each kind at
// most its budget is kept an interval, the rest is dropped: the more plain sockets there are, the
// smaller the budgets of what trading makes (kPlainFramesPerSecondMax). Prices are coalesced per
// market, pnl_update per agent.
// Thread-safety: note() by the egress thread, after the hot store's; the rest by any.
#pragma once

#include <array>
#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <mutex>
#include <vector>

#include "engine/schema/batch.hpp"
#include "gateway/ws/mailbox.hpp"
#include "gateway/ws/plain_messages.hpp"

namespace perpetua::gateway::ws {

inline constexpr int64_t kPlainIntervalMs = 100;
inline constexpr std::size_t kPlainBudgetMax = 20;  // of one kind and interval
inline constexpr std::size_t kPlainBudgetMin = 1;
inline constexpr uint32_t kPlainFramesPerSecondMax = 400'000;  // all plain sockets, one kind
inline constexpr int64_t kPlainPriceIntervalMs = 1'000;        // of one market
inline constexpr int64_t kPlainPnlIntervalMs = 30'000;         // of one agent
inline constexpr std::size_t kPlainPnlQueueMax = 4'096;        // agents

class PlainFeed {
 public:
  explicit PlainFeed(const stores::HotStore& hot) : hot_(hot) {}

  void watch();
  void unwatch() { watchers_.fetch_sub(1, std::memory_order_relaxed); }

  void note(const AppliedBatch& batch);

  // Appends what is due; returns when something will be (steady clock), or kNeverMs.
  int64_t publish(int64_t now_ms, std::vector<Delivery>& out);
  int64_t due_ms() const;

 private:
  enum class Kind : uint8_t {
    agent,
    intent,
    match,
    cancel,
    chat,
    signal_created,
    signal_faded,
    bet_settled,
    liquidation,
  };
  static constexpr std::size_t kKinds = 9;
  struct Note {
    Kind kind = Kind::agent;
    MarketId market = kNoMarket;
    uint64_t id = 0;
    stores::LiquidationView step;  // of a liquidation
  };
  struct SentPnl {
    PnlFigures figures;
    int64_t at_ms = 0;
  };

  void note_event(const AppliedBatch& batch, const Event& event);
  void note_intent_end(const Event& event);
  void add(const Note& note);
  void queue_pnl(AgentId agent);
  bool has_pending() const;
  std::size_t budget(Kind kind) const;
  void publish_notes(const std::vector<Note>& notes, std::vector<Delivery>& out) const;
  void publish_prices(int64_t now_ms, std::vector<Delivery>& out);
  void publish_pnl(int64_t now_ms, std::vector<Delivery>& out);
  void sweep_pnl(int64_t now_ms);

  const stores::HotStore& hot_;
  std::atomic<uint32_t> watchers_{0};

  mutable std::mutex mutex_;  // what note() writes
  std::vector<Note> notes_;
  std::array<std::size_t, kKinds> counts_{};  // of notes_
  uint64_t changed_prices_ = 0;               // a bit for each market
  std::deque<AgentId> pnl_queue_;             // each agent once
  boost::unordered_flat_map<AgentId, bool> is_pnl_queued_;

  std::mutex publish_mutex_;  // what publish() alone uses
  std::atomic<int64_t> published_at_ms_{0};
  std::array<int64_t, limits::kMarketsMax> priced_at_ms_{};
  boost::unordered_flat_map<AgentId, SentPnl> sent_pnl_;
  int64_t swept_at_ms_ = 0;
};

}  // namespace perpetua::gateway::ws
