// LiquidityHouse: all house agents of the sandbox, so that a newcomer's first order fills.
//
// Per market: makers that quote a ladder (the second one wider and between the first one's prices)
// and takers that trade at random. Wallets are "house-maker-btc-1", "house-taker-btc-1": after a
// restart the application looks them up and passes what exists, and they go on where they were.
// Pure: events, outcomes and ticks in, commands out. One thread (FeedRunner's).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "feeds/liquidity/maker.hpp"
#include "feeds/liquidity/taker.hpp"
#include "feeds/price_source.hpp"

namespace perpetua::feeds {

struct HouseOptions {
  uint32_t makers_per_market = 2;
  uint32_t takers_per_market = 1;
  MakerOptions maker;
  TakerOptions taker;
  Micro maker_fund{10'000'000'000'000};  // 10,000,000 USDC of paper money
  Micro taker_fund{100'000'000'000};
  uint16_t leverage = 2;  // cut to what the market allows
};

class LiquidityHouse {
 public:
  LiquidityHouse(const std::vector<FeedMarket>& markets, const HouseOptions& options);

  // Wallets of all house agents, with the market each of them trades.
  struct Member {
    std::string wallet;
    MarketId market = kNoMarket;
  };
  std::vector<Member> members() const;

  // Before the first tick. Wallets that are no member's are ignored.
  void adopt(std::span<const ExistingAgent> existing);

  void on_tick(int64_t now_ms, CommandSink& sink);

  // REQUIRES: a batch's events come before its outcomes.
  void on_event(const Event& event, int64_t now_ms);
  void on_outcome(uint64_t token, const Outcome& outcome, int64_t now_ms);

  // The market's spec is another one. Markets that are not the house's are ignored.
  void on_market_changed(MarketId market, const MarketSpec& spec);

  // Events were lost: makers cancel what they have and start again. Markets count as open until
  // their next market_status, or a refusal, says otherwise.
  void on_gap();

  // Registered agents, ascending.
  std::vector<AgentId> agents() const;

 private:
  struct MarketState {
    MarketId id = kNoMarket;
    MarketNow now;
  };

  void add_members(const FeedMarket& market);
  uint16_t leverage_in(const MarketSpec& spec) const;
  MarketNow* find_market(MarketId market);  // null: none of the house's

  const HouseOptions options_;
  std::vector<MarketState> markets_;
  std::vector<std::unique_ptr<Participant>> participants_;  // token index - 1
};

}  // namespace perpetua::feeds
