// The small pieces that join libraries which may not know each other: stores and feeds on one side,
// runtime and engine on the other. No logic of their own.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "feeds/command_sink.hpp"
#include "feeds/feed_runner.hpp"
#include "journal/recovery.hpp"
#include "runtime/api/egress.hpp"
#include "stores/history/history_projection.hpp"
#include "stores/memory/hot_store.hpp"

namespace perpetua::app {

// Replies to the feeds' commands carry this channel; the gateway's channels count from 1.
inline constexpr uint32_t kFeedChannel = 0xFEED;

class HotStoreListener final : public runtime::EgressListener {
 public:
  explicit HotStoreListener(stores::HotStore& store) : store_(store) {}
  void on_batch(const AppliedBatch& batch, std::span<const runtime::ReplyTarget>) override {
    store_.apply(batch);
  }

 private:
  stores::HotStore& store_;
};

class HotStoreBootstrap final : public DescribeSink {
 public:
  explicit HotStoreBootstrap(stores::HotStore& store) : store_(store) {}
  void on_event(const Event& event, std::string_view text) override {
    store_.on_event(event, text);
  }

 private:
  stores::HotStore& store_;
};

// Live batches and batches replayed at start, both in order.
class HistoryListener final : public runtime::EgressListener, public journal::ReplaySink {
 public:
  explicit HistoryListener(stores::HistoryProjection& history)
      : history_(history), handed_over_(history.applied_batch()) {}
  void on_batch(const AppliedBatch& batch) override;
  void on_batch(const AppliedBatch& batch, std::span<const runtime::ReplyTarget>) override;

  // Batches up to `last` are not handed over: the history reads them itself.
  void begin_after(BatchNumber last) { note(last); }

  // The newest batch whose rows a reader of the history sees. The writer's own number stands still
  // while batches have no rows (prices); what is shown is whole all the same. Any thread.
  BatchNumber shown_batch() const;

 private:
  void note(BatchNumber number);

  stores::HistoryProjection& history_;
  std::atomic<BatchNumber> handed_over_;
};

// Hands on what was applied before there are listeners to hear it: replayed by a recovery, or
// caught up with behind it. Once listeners are there, end() it.
class PastListener final : public runtime::EgressListener, public journal::ReplaySink {
 public:
  using Hear = std::function<void(const AppliedBatch&)>;

  void hear(Hear hear) { hear_ = std::move(hear); }
  void end() { hear_ = {}; }

  void on_batch(const AppliedBatch& batch) override {
    if (hear_) hear_(batch);
  }
  void on_batch(const AppliedBatch& batch, std::span<const runtime::ReplyTarget>) override {
    on_batch(batch);
  }

 private:
  Hear hear_;
};

// Sends the feeds' commands into the runtime; their outcomes come back through FeedListener.
class FeedSink final : public feeds::CommandSink {
 public:
  explicit FeedSink(runtime::CommandPort& port) : port_(port) {}
  bool send(const Command& command, std::string text, uint64_t token) override;

 private:
  runtime::CommandPort& port_;
};

class FeedListener final : public runtime::EgressListener {
 public:
  // REQUIRES: `hot` listens before this one.
  explicit FeedListener(const stores::HotStore& hot) : hot_(hot) {}

  // Batches before attach() are not passed on.
  void attach(feeds::FeedRunner* runner) { runner_.store(runner, std::memory_order_release); }
  void on_batch(const AppliedBatch& batch, std::span<const runtime::ReplyTarget> targets) override;

 private:
  const stores::HotStore& hot_;
  std::atomic<feeds::FeedRunner*> runner_{nullptr};
  std::vector<feeds::FeedOutcome> outcomes_;
};

}  // namespace perpetua::app
