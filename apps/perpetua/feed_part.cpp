#include "feed_part.hpp"

#include "house_state.hpp"
#include "runtime/clock.hpp"

namespace perpetua::app {

FeedPart::FeedPart(const Settings& settings, const stores::HotStore& hot,
                   runtime::CommandPort& port)
    : sink_(port), listener_(hot) {
  std::vector<feeds::PriceSource*> sources;
  if (settings.text("prices") == "replay") {
    std::vector<feeds::FeedMarket> markets;
    for (const stores::MarketView& market : hot.markets()) {
      markets.push_back({market.id, market.spec, market.accepts_orders()});
    }
    replay_ = std::make_unique<feeds::ReplaySource>(
        markets, feeds::ReplayOptions{.speed = settings.integer("replay_speed")});
    sources.push_back(replay_.get());
    if (settings.is_on("liquidity") && settings.text("mode") == "sandbox") {
      house_ = std::make_unique<feeds::LiquidityHouse>(markets, feeds::HouseOptions{});
      house_->adopt(existing_house_agents(hot, house_->members()));
    }
  }
  runner_ = std::make_unique<feeds::FeedRunner>(std::move(sources), house_.get(), sink_,
                                                [] { return runtime::SystemClock().now_ms(); });
  listener_.attach(runner_.get());
}

}  // namespace perpetua::app
