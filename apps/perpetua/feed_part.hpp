// FeedPart: where prices come from and who trades in the sandbox, in the one process that leads the
// exchange: the feed runner with its sources and house agents, joined to a runtime and a hot store.
//
// Order: made after the hot store's bootstrap, listener() registered behind the hot store's,
// start() after the runtime's, stop() before it. Without a source it still lets time pass in the
// markets. Thread-safety: one owner.
#pragma once

#include <memory>

#include "feeds/feed_runner.hpp"
#include "feeds/replay_source.hpp"
#include "listeners.hpp"
#include "settings.hpp"

namespace perpetua::app {

class FeedPart {
 public:
  FeedPart(const Settings& settings, const stores::HotStore& hot, runtime::CommandPort& port);

  runtime::EgressListener& listener() { return listener_; }
  void start() { runner_->start(); }
  void stop() { runner_->stop(); }

 private:
  FeedSink sink_;
  FeedListener listener_;
  std::unique_ptr<feeds::ReplaySource> replay_;
  std::unique_ptr<feeds::LiquidityHouse> house_;
  std::unique_ptr<feeds::FeedRunner> runner_;
};

}  // namespace perpetua::app
