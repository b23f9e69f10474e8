#include "feeds/liquidity/house.hpp"

#include <algorithm>

namespace perpetua::feeds {

namespace {

constexpr uint32_t kMembersMax = 1'000;

// "BTC-PERP" -> "btc"
std::string short_name(const MarketSpec& spec) {
  std::string name(symbol_view(spec));
  name.resize(std::min(name.find('-'), name.size()));
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return name;
}

// Every other maker quotes between the prices of its predecessor, and wider.
MakerOptions maker_options(const MakerOptions& base, uint32_t number) {
  MakerOptions options = base;
  options.shape.is_offset = number % 2 == 1;
  options.shape.half_spread_ppm += base.shape.half_spread_ppm / 2 * number;
  return options;
}

}  // namespace

LiquidityHouse::LiquidityHouse(const std::vector<FeedMarket>& markets, const HouseOptions& options)
    : options_(options) {
  for (const FeedMarket& market : markets) {
    markets_.push_back({market.id, {Price(0), 0, market.accepts_orders}});
    add_members(market);
  }
  PERPETUA_ASSERT(participants_.size() <= kMembersMax);
}

uint16_t LiquidityHouse::leverage_in(const MarketSpec& spec) const {
  return static_cast<uint16_t>(std::min<uint32_t>(options_.leverage, spec.tiers[0].max_leverage));
}

void LiquidityHouse::add_members(const FeedMarket& market) {
  const std::string asset = short_name(market.spec);
  const uint16_t leverage = leverage_in(market.spec);
  const auto profile = [&](const char* kind, const char* label, uint32_t number, Micro fund) {
    const std::string suffix = std::to_string(number + 1);
    return AgentProfile{std::string("house-") + kind + "-" + asset + "-" + suffix,
                        std::string(label) + " " + asset + " " + suffix, market.id, fund, leverage};
  };
  const auto next_index = [this] { return static_cast<uint32_t>(participants_.size()) + 1; };
  for (uint32_t i = 0; i < options_.makers_per_market; ++i) {
    participants_.push_back(
        std::make_unique<Maker>(profile("maker", "House maker", i, options_.maker_fund),
                                next_index(), market.spec, maker_options(options_.maker, i)));
  }
  for (uint32_t i = 0; i < options_.takers_per_market; ++i) {
    participants_.push_back(
        std::make_unique<Taker>(profile("taker", "House taker", i, options_.taker_fund),
                                next_index(), market.spec, options_.taker));
  }
}

std::vector<LiquidityHouse::Member> LiquidityHouse::members() const {
  std::vector<Member> members;
  for (const auto& participant : participants_) {
    const AgentProfile& profile = participant->session().profile();
    members.push_back({profile.wallet, profile.market});
  }
  return members;
}

void LiquidityHouse::adopt(std::span<const ExistingAgent> existing) {
  for (const auto& participant : participants_) {
    for (const ExistingAgent& agent : existing) {
      if (agent.wallet == participant->session().profile().wallet) {
        participant->session().adopt(agent);
      }
    }
  }
}

void LiquidityHouse::on_tick(int64_t now_ms, CommandSink& sink) {
  for (const auto& participant : participants_) {
    const MarketId market = participant->session().profile().market;
    participant->on_tick(now_ms, *find_market(market), sink);
  }
}

void LiquidityHouse::on_event(const Event& event, int64_t now_ms) {
  MarketNow* market = find_market(event.header.market);
  if (event.header.type == EventType::price_updated && market != nullptr) {
    market->index = event.price_updated.index;
    market->updated_at_ms = now_ms;
  }
  if (event.header.type == EventType::market_status && market != nullptr) {
    const MarketStatus& status = event.market_status;
    market->accepts_orders = status.mode == MarketMode::open && status.is_stale == 0;
  }
  for (const auto& participant : participants_) participant->session().on_event(event);
}

void LiquidityHouse::on_outcome(uint64_t token, const Outcome& outcome, int64_t now_ms) {
  const uint32_t index = token_index(token);
  if (index == 0 || index > participants_.size()) return;
  participants_[index - 1]->on_outcome(token, outcome, now_ms);
}

void LiquidityHouse::on_market_changed(MarketId market, const MarketSpec& spec) {
  for (const auto& participant : participants_) {
    if (participant->session().profile().market != market) continue;
    participant->on_market_changed(spec, leverage_in(spec));
  }
}

void LiquidityHouse::on_gap() {
  for (MarketState& state : markets_) state.now.accepts_orders = true;
  for (const auto& participant : participants_) participant->on_gap();
}

std::vector<AgentId> LiquidityHouse::agents() const {
  std::vector<AgentId> agents;
  for (const auto& participant : participants_) {
    const AgentId agent = participant->session().view().agent();
    if (agent != 0) agents.push_back(agent);
  }
  std::sort(agents.begin(), agents.end());
  return agents;
}

MarketNow* LiquidityHouse::find_market(MarketId market) {
  const auto found = std::find_if(markets_.begin(), markets_.end(),
                                  [market](const MarketState& s) { return s.id == market; });
  return found == markets_.end() ? nullptr : &found->now;
}

}  // namespace perpetua::feeds
