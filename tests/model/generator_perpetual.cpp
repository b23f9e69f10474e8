// Time, prices, margins and the operator: what drives docs/rules-perpetual.md.

#include <algorithm>

#include "generator.hpp"

namespace perpetua::model {

namespace {

constexpr int64_t kRefreshAfterMs = 5'000;
constexpr int64_t kStaleMs = limits::kIndexStaleAfterMs;
constexpr int64_t kHalfDayMs = 43'200'000;

int64_t within(const MarketSpec& spec, Wide price) {
  return static_cast<int64_t>(
      std::clamp<Wide>(price, spec.price_min.value, spec.price_max.value));
}

}  // namespace

void Generator::advance_clock() {
  int64_t step = random_.between(0, mix_.pace_ms);
  if (idle_batches_ == 0 && random_.per_mille(mix_.idle_per_mille)) idle_batches_ = 901;
  if (idle_batches_ > 0) {
    --idle_batches_;
    batch_.log_time_ms += random_.between(4'000, 9'000);
    return;
  }
  if (random_.per_mille(mix_.lag_per_mille)) {
    step = kStaleMs + random_.pick<int64_t>({-1, 0, 1, 5'000, 120'000});
  }
  if (random_.per_mille(mix_.jump_per_mille)) {
    step = random_.pick<int64_t>({kHalfDayMs, kHalfDayMs * 5, 3'600'000}) + random_.between(-1, 1);
  }
  batch_.log_time_ms += step;
}

// Prices stay fresh most of the time, stale markets come back, closed ones open again.
void Generator::keep_alive(const Model& model) {
  for (const Perpetual& market : model.markets()) {
    if (market.index == 0 || market.mode == MarketMode::settled) continue;
    const bool is_running = runs_[market.id].left > 0;
    if (market.mode != MarketMode::open && !is_running && random_.chance(mix_.reopen_percent)) {
      if (market.mode == MarketMode::halted && random_.chance(70)) {
        quiet_[market.id] = static_cast<uint32_t>(random_.between(10, 500));
      }
      set_mode_of(market.id, MarketMode::open);
    }
    const int64_t age_ms = batch_.log_time_ms - market.index_time_ms;
    if (quiet_[market.id] > 0 && !market.is_stale && age_ms < kStaleMs - mix_.pace_ms) continue;
    const int64_t pace_ms = idle_batches_ > 0 ? kStaleMs : mix_.pace_ms;
    const bool is_old = age_ms > std::min(kRefreshAfterMs, kStaleMs - pace_ms - 10);
    if (!(is_old || market.is_stale) || random_.chance(3)) continue;
    const int updates = market.is_stale && random_.chance(50) ? 3 : 1;
    for (int i = 0; i < updates; ++i) add(price_of(market));
    if (random_.chance(mix_.tick_percent)) add(Command(CommandType::tick));
  }
}

Generator::Run Generator::draw_run() {
  const int64_t step_ppm = random_.pick<int64_t>({300, 300, 1'000, 3'000, 10'000});
  const uint32_t length = static_cast<uint32_t>(random_.between(3, 60));
  return {length, random_.chance(50) ? step_ppm : -step_ppm};
}

// A walk around the index, and now and then a run in one direction.
Command Generator::price_of(const Perpetual& market) {
  Command command(CommandType::update_price, 0, market.id);
  command.update_price.source_time_ms = batch_.log_time_ms - random_.between(0, 10);
  Run& run = runs_[market.id];
  const int64_t from = market.index == 0 ? market.spec.price_min.value + 10 : market.index;
  if (run.left == 0 && random_.per_mille(mix_.run_per_mille)) run = draw_run();
  int64_t reach = std::max<int64_t>(1, from / 1'000 * mix_.volatility_ppm / 1'000);
  int64_t to = from + random_.between(-reach, reach);
  if (run.left > 0) {
    --run.left;
    reach = from * run.step_ppm / 1'000'000;
    to = from + (reach == 0 ? (run.step_ppm < 0 ? -1 : 1) : reach);
  }
  if (idle_batches_ > 0) {
    reach = std::max<int64_t>(1, from / 10'000);  // with what leans, so that its payers live on
    to = from + random_.between(mix_.skew_ppm < 0 ? -reach : 0, mix_.skew_ppm > 0 ? reach : 0);
  }
  command.update_price.price = Price(within(market.spec, to));
  return command;
}

Command Generator::update_price(const Model& model) {
  Command command(CommandType::update_price, 0, any_market(model));
  command.update_price.source_time_ms = batch_.log_time_ms;
  if (command.header.market >= model.markets().size()) return command;
  const Perpetual& market = model.markets()[command.header.market];
  command = price_of(market);
  if (random_.chance(2)) {
    command.update_price.price = Price(random_.pick<int64_t>(
        {0, -1, market.spec.price_min.value, market.spec.price_max.value, INT64_MAX, INT64_MIN}));
  }
  if (random_.chance(2)) {
    command.update_price.source_time_ms =
        batch_.log_time_ms - limits::kIndexStaleAfterMs + random_.between(-1, 1);
  }
  return command;
}

// An order that pulls the book away from the index, with money behind it: high funding.
void Generator::lean(const Market& market, PlaceOrder& order) {
  order = PlaceOrder{};
  order.side = mix_.skew_ppm < 0 ? Side::sell : Side::buy;
  const auto [low, high] = market.band();
  const int64_t price = market.mark + narrow(Wide{market.mark} * mix_.skew_ppm / kPpm);
  order.price = Price(std::max(low, std::min(price, high)));
  order.leverage = 1;
}

// The market whose price runs takes most updates; returns false if none does.
bool Generator::add_to_run(const Model& model) {
  for (const Perpetual& market : model.markets()) {
    const auto run = runs_.find(market.id);
    if (run == runs_.end() || run->second.left == 0 || !random_.chance(40)) continue;
    if (quiet_[market.id] > 0) continue;
    add(price_of(market));
    return true;
  }
  return false;
}

void Generator::halt(MarketId market) {
  set_mode_of(market, MarketMode::halted);
  runs_[market] = draw_run();
}

// Two agents trade with each other, if nobody is between them: the first with all leverage.
void Generator::pair(const Perpetual& market, AgentId first, AgentId second, Side of_first) {
  const int64_t lots = typical_lots(market);
  const uint32_t most = market.spec.tiers[0].max_leverage;
  for (const AgentId agent : {second, first}) {
    Command command(CommandType::place_order, agent, market.id);
    command.place.side = agent == first ? of_first : opposite(of_first);
    command.place.price = Price(market.mark);
    command.place.lots = Lots(lots);
    command.place.leverage = static_cast<uint16_t>(agent == first ? most : most / 4 + 1);
    add(command);
  }
}

void Generator::set_mode_of(MarketId market, MarketMode mode) {
  Command command(CommandType::set_market_mode, 0, market);
  command.set_market_mode.mode = mode;
  add(command);
}

void Generator::run_prices(const Perpetual& market, int64_t step_ppm, int64_t updates) {
  int64_t price = market.index;
  for (int64_t i = 0; i < updates; ++i) {
    const int64_t step = price * std::abs(step_ppm) / kPpm;
    price = within(market.spec, price + (step_ppm < 0 ? -1 : 1) * std::max<int64_t>(1, step));
    Command command(CommandType::update_price, 0, market.id);
    command.update_price = {Price(price), batch_.log_time_ms, {}};
    add(command);
  }
}

// The price leaves the first slowly, so that it is sold through the book, to the third.
void Generator::slide(const Perpetual& market) {
  const uint32_t most = market.spec.tiers[0].max_leverage;
  const int64_t away = crisis_side_ == Side::buy ? -1 : 1;
  const int64_t reach = market.mark * random_.between(2, 9) / 10 / most;
  Command command(CommandType::place_order, 3, market.id);
  command.place.side = crisis_side_;
  command.place.price = Price(market.mark + away * reach);
  command.place.lots = Lots(typical_lots(market));
  command.place.leverage = 1;
  add(command);
  run_prices(market, away * 100'000 / most, random_.between(4, 9));
}

// A plays against B; the price leaves A while the market is halted; C takes B's side, B goes; more
// happens; the market looks at A and C.
bool Generator::play_crisis(const Model& model) {
  const bool begins_idle = idle_batches_ == 900 && mix_.skew_ppm != 0;
  if (begins_idle) {
    for (const Perpetual& market : model.markets()) {
      if (market.mark != 0) pair(market, 1, 2, mix_.skew_ppm > 0 ? Side::buy : Side::sell);
    }
    return !commands_.empty();
  }
  if (crisis_step_ == 0 && !(mix_.has_crises && random_.per_mille(20))) return false;
  if (model.markets().empty()) return false;
  if (crisis_step_ == 0) crisis_market_ = random_.below(model.markets().size());
  const Perpetual& market = model.markets()[crisis_market_];
  if (market.mark == 0 || market.mode == MarketMode::settled) {
    crisis_step_ = 0;
    return false;
  }
  const int64_t away = crisis_side_ == Side::buy ? -10'000 : 10'000;  // ppm an update
  switch (++crisis_step_) {
    case 1:
      crisis_side_ = random_.pick({Side::buy, Side::sell});
      set_mode_of(market.id, MarketMode::open);
      if (random_.chance(60)) add(insure(model));
      return true;
    case 2: pair(market, 1, 2, crisis_side_); return true;
    case 3:
      if (random_.chance(50)) {
        slide(market);
        crisis_step_ = 6;
        return true;
      }
      set_mode_of(market.id, MarketMode::halted);
      run_prices(market, away, random_.between(1, 30));
      return true;
    case 4: {
      const bool ends = mix_.settles && random_.chance(10);
      set_mode_of(market.id, ends ? MarketMode::settled : MarketMode::open);
      return true;
    }
    case 5: pair(market, 3, 2, opposite(crisis_side_)); return true;
    case 6:
      if (random_.chance(50)) return false;
      set_mode_of(market.id, MarketMode::halted);
      run_prices(market, random_.chance(50) ? away : -away, random_.between(1, 20));
      if (mix_.settles && random_.chance(3)) set_mode_of(market.id, MarketMode::settled);
      return true;
    default: break;
  }
  crisis_step_ = 0;
  set_mode_of(market.id, MarketMode::open);
  add(random_.chance(50) ? Command(CommandType::tick) : price_of(market));
  return true;
}

// A market that was halted trades for a while before its positions are looked at.
bool Generator::is_quiet() {
  bool is_any = false;
  for (auto& [market, left] : quiet_) {
    if (left == 0) continue;
    is_any = true;
    if (--left == 0 && mix_.has_crises && random_.chance(50)) halt(market);
  }
  return is_any;
}

Command Generator::adjust_margin(const Model& model, AgentId agent) {
  Command command(CommandType::adjust_margin, agent, any_market(model));
  command.adjust_margin.amount = Micro(random_.between(-1'000, 1'000));
  if (command.header.market >= model.markets().size()) return command;
  const Perpetual& market = model.markets()[command.header.market];
  auto held = market.positions.lower_bound(agent);
  for (int i = 0; i < 5 && held != market.positions.end() && held->second.base == 0; ++i) ++held;
  if (held == market.positions.end() || held->first == 0 || random_.chance(3)) return command;
  command.header.agent = held->first;
  const int64_t spare = std::max<int64_t>(1, narrow(market.removable(held->second)));
  const int64_t free = std::max<int64_t>(1, model.accounts()[held->first].free);
  const uint64_t how = random_.below(100);
  int64_t amount = how < 45 ? random_.spread(free) : -random_.spread(spare);
  if (how >= 75 && how < 85) amount = -spare + random_.between(-1, 1);
  if (how >= 85 && how < 90) amount = free / 2 + random_.between(-1, 1);
  if (how >= 97) {
    const int64_t most = limits::kAmountMaxMicro;
    amount = random_.pick<int64_t>({0, most, most + 1, -most, -most - 1, INT64_MIN, INT64_MAX});
  }
  command.adjust_margin.amount = Micro(amount);
  return command;
}

Command Generator::set_mode(const Model& model) {
  using enum MarketMode;
  Command command(CommandType::set_market_mode, 0, any_market(model));
  MarketMode& mode = command.set_market_mode.mode;
  mode = random_.pick({open, cancel_only, halted, halted});
  if (mix_.settles && random_.chance(3)) mode = settled;
  if (command.header.market >= model.markets().size()) return command;
  const bool is_halted = model.markets()[command.header.market].mode == halted;
  if (mix_.settles && is_halted && random_.chance(20)) mode = settled;
  // Positions that nobody liquidates while the price leaves them: what cannot be paid, later.
  const bool is_crisis = mix_.has_crises && mode == halted;
  if (is_crisis && model.markets()[command.header.market].mode != open) mode = open;
  if (mode == halted) runs_[command.header.market] = draw_run();
  return command;
}

Command Generator::insure(const Model& model) {
  Command command(CommandType::fund_insurance, 0, any_market(model));
  int64_t amount = random_.spread(1'000'000);
  if (command.header.market < model.markets().size()) {
    const Perpetual& market = model.markets()[command.header.market];
    amount = random_.spread(std::max<int64_t>(1, market.spec.position_notional_max.value / 200));
    if (market.bad_debt > 0 && random_.chance(50)) {
      amount = market.bad_debt + random_.between(-1, 1);
    }
  }
  if (random_.chance(4)) {
    amount = random_.pick<int64_t>({0, -1, limits::kAmountMaxMicro + 1, INT64_MAX, INT64_MIN});
  }
  command.fund_insurance.amount = Micro(amount);
  return command;
}

}  // namespace perpetua::model
