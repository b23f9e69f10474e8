#include "genesis.hpp"

#include <cstring>

namespace perpetua::app {
namespace {

// Sizes such that one tick x one lot is 1 micro-USDC (docs/money.md), so a lot is worth as many
// micro-USDC as the price has ticks: at the bundled prices less than 0.1 USDC.
MarketSpec make_market(std::string_view symbol, int64_t tick_size_e9, int64_t lot_size_e9,
                       int64_t price_min_ticks) {
  MarketSpec spec;
  std::memcpy(spec.symbol.data(), symbol.data(), symbol.size());
  spec.tick_size_e9 = tick_size_e9;
  spec.lot_size_e9 = lot_size_e9;
  spec.value_per_tick_lot_micro = 1;
  spec.price_min = Price(price_min_ticks);
  spec.price_max = Price(10'000'000);
  spec.notional_min = Micro(1'000'000);                     // 1 USDC
  spec.position_notional_max = Micro(100'000'000'000'000);  // 100 million USDC
  spec.tier_count = 3;
  spec.tiers[0] = {0, 20, 0};
  spec.tiers[1] = {100'000'000'000, 10, 0};  // from 100,000 USDC
  spec.tiers[2] = {500'000'000'000, 5, 0};   // from 500,000 USDC
  PERPETUA_ASSERT(is_valid(spec));
  return spec;
}

}  // namespace

std::vector<MarketSpec> default_markets() {
  return {
      make_market("BTC-PERP", 1'000'000'000, 1'000, 1'000),  // tick 1 USDC, lot 0.000001 BTC
      make_market("ETH-PERP", 100'000'000, 10'000, 500),     // tick 0.1 USDC, lot 0.00001 ETH
      make_market("SOL-PERP", 10'000'000, 100'000, 100),     // tick 0.01 USDC, lot 0.0001 SOL
      make_market("DOGE-PERP", 10'000, 100'000'000, 100),    // tick 0.00001 USDC, lot 0.1 DOGE
      make_market("PEPE-PERP", 1, 1'000'000'000'000, 100),   // tick 1e-9 USDC, lot 1,000 PEPE
      make_market("WIF-PERP", 100'000, 10'000'000, 100),     // tick 0.0001 USDC, lot 0.01 WIF
      make_market("ARB-PERP", 10'000, 100'000'000, 100),     // tick 0.00001 USDC, lot 0.1 ARB
      make_market("OP-PERP", 100'000, 10'000'000, 100),      // tick 0.0001 USDC, lot 0.01 OP
      make_market("SUI-PERP", 100'000, 10'000'000, 100),     // tick 0.0001 USDC, lot 0.01 SUI
      make_market("AVAX-PERP", 1'000'000, 1'000'000, 100),   // tick 0.001 USDC, lot 0.001 AVAX
      make_market("LINK-PERP", 1'000'000, 1'000'000, 100),   // tick 0.001 USDC, lot 0.001 LINK
      make_market("AAVE-PERP", 10'000'000, 100'000, 100),    // tick 0.01 USDC, lot 0.0001 AAVE
  };
}

std::vector<runtime::Submission> genesis_commands(const GenesisValues& values) {
  std::vector<runtime::Submission> commands;
  runtime::Submission configure{Command(CommandType::configure), {}, {}};
  configure.command.configure = Configure{};
  configure.command.configure.hash_seed = values.hash_seed;
  configure.command.configure.margin_use_max_ppm = kMarginUseMaxPpm;
  configure.command.configure.risk_limits = values.risk_limits;
  commands.push_back(std::move(configure));
  for (const MarketSpec& spec : default_markets()) {
    std::string text(reinterpret_cast<const char*>(&spec), sizeof spec);
    commands.push_back({Command(CommandType::create_market), std::move(text), {}});
  }
  if (values.insurance == Micro(0)) return commands;
  for (std::size_t i = 0; i < default_markets().size(); ++i) {
    Command fund(CommandType::fund_insurance, 0, static_cast<MarketId>(i));
    fund.fund_insurance.amount = values.insurance;
    commands.push_back({fund, {}, {}});
  }
  return commands;
}

}  // namespace perpetua::app
