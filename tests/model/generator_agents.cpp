// Messages, signals and bets, risk limits, payments: what drives docs/rules-agents.md.

#include <algorithm>
#include <cstring>

#include "generator.hpp"

namespace perpetua::model {

// Half of them addresses, a few of those an earlier one in other letters.
std::string Generator::draw_wallet(uint64_t name) {
  if (random_.chance(2)) return std::string(random_.pick({0u, 128u, 129u}), 'w');
  if ((name & 1) == 0) return "0x" + std::to_string(name);
  const std::string digits = std::to_string(name);
  std::string address = "0x" + std::string(40 - digits.size(), 'a') + digits;
  for (char& c : address) {
    if (c == 'a' && random_.chance(50)) c = 'A';
  }
  if (random_.chance(2)) address.back() = 'x';
  return address;
}

void Generator::add_thought(const Model& model, AgentId agent) {
  Command command(CommandType::post_thought, agent, random_.pick<MarketId>({kNoMarket, 0, 0, 60}));
  PostThought& wanted = command.thought;
  wanted.kind = static_cast<MessageKind>(random_.below(random_.chance(97) ? 6 : 256));
  if (random_.chance(40)) wanted.to_agent = any_agent(model);
  if (random_.chance(3)) wanted.to_agent = random_.pick({agent, 0xFFFFFFFFu});
  std::size_t size = random_.below(80);
  if (random_.chance(2)) size = random_.pick({0u, 20'000u, 20'001u, 24'000u, 24'001u});
  if (random_.chance(20)) wanted.metadata_length = static_cast<uint16_t>(random_.below(40));
  if (size > 20'000 && random_.chance(80)) wanted.metadata_length = 4'000;
  if (random_.chance(1)) wanted.metadata_length = random_.pick<uint16_t>({4'001, 65'535});
  add(command, std::string(size, 't'));
}

Command Generator::bet(const Model& model, AgentId agent) {
  Command command(CommandType::create_signal, agent, any_market(model));
  CreateSignal& wanted = command.create_signal;
  if (command.header.market >= model.markets().size()) return command;
  const Perpetual& market = model.markets()[command.header.market];
  wanted.kind = static_cast<SignalKind>(random_.below(random_.chance(98) ? 3 : 256));
  const int64_t reach = std::max<int64_t>(1, market.mark / random_.pick({20, 300, 3'000}));
  wanted.target = market.mark + random_.between(-reach, reach);
  if (random_.chance(10)) wanted.target = market.mark;
  if (wanted.kind == SignalKind::price_change) {
    wanted.target = random_.pick<int64_t>({1, 50, 1'000, 20'000, limits::kSignalChangeMaxPpm});
  }
  if (random_.chance(3)) {
    wanted.target = random_.pick<int64_t>({INT64_MIN, -1, 0, INT64_MAX, market.spec.price_min.value,
                                           limits::kSignalChangeMaxPpm + 1});
  }
  const int64_t rich = std::max<int64_t>(1, model.accounts()[std::min<std::size_t>(
                                                agent, model.accounts().size() - 1)].free);
  const int64_t most = std::min(rich, limits::kSignalStakeMaxMicro - limits::kSignalStakeMinMicro);
  wanted.stake = Micro(limits::kSignalStakeMinMicro - 1 + random_.spread(most));
  if (random_.chance(3)) {
    wanted.stake = Micro(random_.pick<int64_t>({INT64_MIN, 0, limits::kSignalStakeMaxMicro,
                                                limits::kSignalStakeMaxMicro + 1}));
  }
  wanted.duration_ms = limits::kSignalDurationMinMs + random_.spread(20'000) - 1;
  if (random_.chance(20)) wanted.duration_ms = random_.spread(limits::kSignalDurationMaxMs);
  if (random_.chance(3)) {
    wanted.duration_ms = random_.pick<int64_t>({0, -1, INT64_MAX, limits::kSignalDurationMaxMs + 1,
                                                limits::kSignalDurationMinMs - 1});
  }
  return command;
}

Command Generator::fade(const Model& model, AgentId agent) {
  Command command(CommandType::fade_signal, agent);
  if (random_.chance(2)) {
    command.fade_signal.signal_id = random_.chance(50) ? random_.next() : random_.below(600);
    return command;
  }
  for (const Perpetual& market : model.markets()) {
    if (market.bets.signals == 0) continue;
    auto found = market.signals.lower_bound(random_.below(market.bets.signals) + 1);
    if (found == market.signals.end()) found = market.signals.begin();
    if (found == market.signals.end() || random_.chance(5)) {
      command.fade_signal.signal_id =
          market.signal_id(random_.below(market.bets.signals + 2));
      continue;
    }
    command.fade_signal.signal_id = market.signal_id(found->first);
    if (random_.chance(60)) break;
  }
  return command;
}

// More than one agent may have in a market, each for the least stake and a week.
bool Generator::add_many_bets(const Model& model) {
  if (model.markets().empty() || model.accounts().size() < 2) return false;
  for (uint32_t i = 0; i <= limits::kSignalsPerAgentMax; ++i) {
    if (commands_.size() + 1 >= limits::kBatchCommandsMax) return true;
    Command command(CommandType::create_signal, 1, 0);
    command.create_signal.target = model.markets()[0].mark;
    command.create_signal.stake = Micro(limits::kSignalStakeMinMicro);
    command.create_signal.duration_ms = limits::kSignalDurationMaxMs;
    add(command);
  }
  return true;
}

Command Generator::limit_risk(AgentId agent) {
  Command command(CommandType::set_risk_limits, agent);
  command.set_risk_limits.fields = static_cast<uint8_t>(random_.between(1, 15));
  if (random_.chance(3)) command.set_risk_limits.fields = random_.pick<uint8_t>({0, 16, 255});
  if (!random_.chance(30)) command.set_risk_limits.limits = draw_risk();
  return command;
}

// A little above where the stream stands, mostly.
Command Generator::consume(const Model& model) {
  Command command(CommandType::consume_stream);
  ConsumeStream& taken = command.consume;
  Random& random = stream_random_;
  taken.stream = static_cast<uint16_t>(random.below(4));
  if (random.chance(20)) taken.stream = static_cast<uint16_t>(random.below(limits::kStreamsMax));
  taken.last = model.stream_position(taken.stream);
  if (random.chance(70)) taken.last.milliseconds += random.below(1'000);
  taken.last.sequence = random.below(3);
  if (random.chance(3)) taken.stream = random.pick<uint16_t>({limits::kStreamsMax, 0xFFFF});
  if (random.chance(2)) taken.last = {};
  if (random.chance(2)) command.header.agent = 1;
  if (random.chance(2)) command.header.valid_until_ms = batch_.log_time_ms - 1;
  if (random.chance(10)) command.header.key = {random.next(), 1};
  taken.command_count = static_cast<uint32_t>(random.below(3));
  return command;
}

void Generator::add_markers(const Model& model) {
  for (uint64_t count = 1 + stream_random_.below(3); count > 0; --count) {
    if (!stream_random_.chance(5)) last_marker_ = consume(model);  // or once more the same
    add(last_marker_, stream_random_.chance(50) ? "who" : "");
  }
}

RiskLimits Generator::draw_risk() {
  RiskLimits limits;
  const MarketSpec& spec = specs_[random_.below(specs_.size())];
  const int64_t most = std::max<int64_t>(2, spec.position_notional_max.value / 20);
  if (random_.chance(40)) limits.position_max = Micro(random_.spread(most));
  if (random_.chance(40)) limits.exposure_max = Micro(random_.spread(most));
  if (random_.chance(40)) limits.daily_loss_max = Micro(random_.spread(most / 2 + 1));
  if (random_.chance(40)) limits.leverage_max = static_cast<uint16_t>(random_.between(1, 20));
  if (random_.chance(2)) limits.leverage_max = 101;
  if (random_.chance(2)) limits.exposure_max = Micro(random_.pick<int64_t>({-1, INT64_MAX}));
  return limits;
}

// A claim of a few, so that one comes again; amounts that fit an on-chain withdrawal.
void Generator::add_flags(MoveMoney& wanted) {
  if (random_.chance(50)) return;
  wanted.flags = static_cast<uint8_t>(random_.below(4));
  if (random_.chance(50)) wanted.claim[0] = static_cast<uint8_t>(random_.below(256));
  if (random_.chance(50)) wanted.claim[15] = static_cast<uint8_t>(random_.below(256));
  if (random_.chance(5)) wanted.claim[16] = static_cast<uint8_t>(random_.below(256));
  constexpr int64_t kMost = limits::kOnChainWithdrawalMaxMicro;
  if (wanted.amount.value > kMost && random_.chance(80)) {
    wanted.amount = Micro(random_.pick<int64_t>({kMost, kMost + 1, 1'000}));
  }
}

}  // namespace perpetua::model
