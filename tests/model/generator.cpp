#include "generator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace perpetua::model {

namespace {

constexpr std::size_t kSentKept = 300;
constexpr std::size_t kSeenKept = 300;
constexpr int64_t kStartMs = 1'700'000'000'000;

std::string bytes_of(const MarketSpec& spec) {
  return std::string(reinterpret_cast<const char*>(&spec), sizeof spec);
}

// Types to which the bytes of another would say what the rules have no answer for.
bool is_particular(CommandType type) {
  return type == CommandType::set_market_mode || type == CommandType::create_key ||
         type == CommandType::register_agent || type == CommandType::place_order ||
         type == CommandType::amend_order || type == CommandType::cancel_order ||
         type == CommandType::place_trigger || type == CommandType::cancel_all ||
         type == CommandType::cancel_all_after;
}

int64_t bounded(Wide value) {
  return static_cast<int64_t>(std::clamp<Wide>(value, 1, limits::kAmountMaxMicro));
}

}  // namespace

Generator::Generator(uint64_t seed)
    : random_(seed), stream_random_(seed ^ 0x5EED), mix_(draw_mix(random_)) {
  batch_.log_time_ms = kStartMs;
  for (uint32_t i = 0; i < mix_.markets; ++i) specs_.push_back(draw_spec(random_, i));
  if (mix_.hoards) specs_[0].notional_min = Micro(1);
}

const BatchInput& Generator::next(const Model& model) {
  start_batch();
  if (set_up_step_ < 4) {
    set_up();
  } else {
    if (play_crisis(model)) return finish_batch();
    if (stream_random_.chance(8)) add_markers(model);
    keep_alive(model);
    uint64_t count = 1 + random_.below(mix_.batch_max);
    if (random_.per_mille(10)) count = 0;
    if (idle_batches_ > 0) count = random_.below(2);
    for (uint64_t i = 0; i < count; ++i) add_random(model);
  }
  return finish_batch();
}

const BatchInput& Generator::finish_batch() {
  batch_.commands = commands_;
  batch_.text = text_;
  return batch_;
}

void Generator::start_batch() {
  commands_.clear();
  text_.clear();
  ++batch_.number;
  advance_clock();
}

// configure; markets; agents; first prices and netting. A price may fail to come at first.
void Generator::set_up() {
  const uint32_t step = set_up_step_++;
  if (step == 0 && mix_.configures) {
    Command command(CommandType::configure);
    command.configure.hash_seed = random_.next();
    command.configure.margin_use_max_ppm = mix_.margin_use_max_ppm;
    if (mix_.risk_percent > 0) command.configure.risk_limits = draw_risk();
    add(command);
  }
  if (step == 1) {
    for (const MarketSpec& spec : specs_) {
      add(Command(CommandType::create_market), bytes_of(spec));
    }
  }
  if (step == 2) {
    for (uint32_t i = 0; i < mix_.agents; ++i) add_register();
  }
  if (step != 3) return;
  for (MarketId i = 0; i < specs_.size(); ++i) {
    if (random_.chance(5)) continue;
    Command command(CommandType::update_price, 0, i);
    const MarketSpec& spec = specs_[i];
    const int64_t span = spec.price_max.value - spec.price_min.value;
    command.update_price.price = Price(spec.price_min.value + random_.between(0, span) / 2);
    if (random_.chance(10)) command.update_price.price = spec.price_min;
    command.update_price.source_time_ms = batch_.log_time_ms;
    add(command);
    if (!mix_.endows) continue;
    Command gift(CommandType::fund_insurance, 0, i);
    const int64_t most = bounded(spec.position_notional_max.value / 20);
    gift.fund_insurance.amount = Micro(random_.spread(most));
    add(gift);
  }
  for (AgentId agent = 1; agent <= mix_.agents; ++agent) {
    for (MarketId i = 0; i < specs_.size(); ++i) {
      if (commands_.size() == limits::kBatchCommandsMax) return;
      if (!random_.chance(mix_.netting_percent)) continue;
      Command command(CommandType::set_netting, agent, i);
      command.set_netting.netting = 1;
      add(command);
    }
  }
}

void Generator::add(Command command, const std::string& text) {
  command.header.text_offset = static_cast<uint32_t>(text_.size());
  command.header.text_length = static_cast<uint16_t>(text.size());
  text_ += text;
  commands_.push_back(command);
}

bool Generator::repeat_earlier() {
  if (sent_.empty()) return false;
  Sent sent = sent_[random_.below(sent_.size())];
  const std::size_t byte = random_.below(offsetof(PlaceOrder, client_id));
  const bool is_post_only = byte == offsetof(PlaceOrder, post_only);  // 2 ^ 1 is no such mode
  if (random_.chance(25) && !is_post_only) sent.command.bytes[byte] ^= 1;
  if (random_.chance(5)) sent.command.header.market ^= 1;
  if (random_.chance(5)) sent.text += "x";
  if (random_.chance(10)) sent.command.header.valid_until_ms = batch_.log_time_ms - 1;
  add(sent.command, sent.text);
  return true;
}

void Generator::add_random(const Model& model) {
  if (random_.per_mille(mix_.repeat_per_mille) && repeat_earlier()) return;
  uint64_t total = 0;
  for (const uint32_t weight : mix_.weights) total += weight;
  uint64_t drawn = random_.below(total);
  std::size_t kind = 0;
  while (drawn >= mix_.weights[kind]) drawn -= mix_.weights[kind++];
  CommandType type = static_cast<CommandType>(kind);
  const bool passes_time = type == CommandType::update_price || type == CommandType::tick;
  if (is_quiet() && passes_time) type = CommandType::place_order;

  if (add_to_run(model)) return;
  if (mix_.hoards && random_.chance(50) && add_to_hoard(model)) return;
  if (mix_.hoards && random_.per_mille(3) && add_many_bets(model)) return;
  if (!random_.chance(mix_.burst_percent)) last_agent_ = any_agent(model);
  const AgentId agent = last_agent_;
  const std::size_t before = commands_.size();
  switch (type) {
    case CommandType::place_order: add(place(model, agent), random_.chance(3) ? "why" : ""); break;
    case CommandType::amend_order: add(amend(model, agent)); break;
    case CommandType::cancel_order:
      add(random_.chance(15) ? cancel_trigger(model, agent) : cancel(model, agent));
      break;
    case CommandType::place_trigger: add(place_trigger(model, agent)); break;
    case CommandType::cancel_all_after: add(arm_switch(model, agent)); break;
    case CommandType::set_key_limits: add(limit_key(agent)); break;
    case CommandType::change_market: add_change_market(model); break;
    case CommandType::update_price: add(update_price(model)); break;
    case CommandType::adjust_margin: add(adjust_margin(model, agent)); break;
    case CommandType::set_market_mode: add(set_mode(model)); break;
    case CommandType::fund_insurance: add(insure(model)); break;
    case CommandType::tick: add(Command(CommandType::tick)); break;
    case CommandType::register_agent: add_register(); break;
    case CommandType::create_market: add_create_market(); break;
    case CommandType::post_thought: add_thought(model, agent); break;
    case CommandType::create_signal: add(bet(model, agent)); break;
    case CommandType::fade_signal: add(fade(model, agent)); break;
    case CommandType::set_risk_limits: add(limit_risk(agent)); break;
    case CommandType::create_key: {
      const std::size_t size = random_.chance(98) ? random_.below(20) : random_.pick({200u, 201u});
      add(keys(type, agent), std::string(size, 'k'));
      break;
    }
    case CommandType::revoke_key: add(keys(type, agent)); break;
    case CommandType::deposit:
    case CommandType::withdraw:
    case CommandType::transfer:
    case CommandType::claim_faucet: add(money(type, model, agent)); break;
    default: add(settings(type, model, agent)); break;
  }
  if (commands_.size() == before) return;
  Command& command = commands_.back();
  if (random_.per_mille(mix_.hostile_per_mille)) spoil(command);
  if (random_.chance(mix_.key_id_percent)) command.header.key_id = key_of(command.header.agent);
  if (random_.chance(mix_.key_percent)) command.header.key = {next_name_++, agent};
  if (random_.chance(1)) {
    command.header.valid_until_ms = batch_.log_time_ms + random_.between(-2, 2);
  }
  const bool has_client_id = command.header.type == CommandType::place_order &&
                             command.place.client_id != ClientId{};
  if (command.header.key.is_zero() && !has_client_id) return;
  const CommandHeader& header = command.header;
  sent_.push_back({command, text_.substr(header.text_offset, header.text_length)});
  if (sent_.size() > kSentKept) sent_.pop_front();
}

// Only fields for which the rules have an answer.
void Generator::spoil(Command& command) {
  switch (random_.below(5)) {
    case 0: command.header.agent = random_.pick({0u, 1u, 77'777u, 0xFFFFFFFFu}); break;
    case 1: command.header.market = random_.pick<MarketId>({0, 1, 63, 64, 200, kNoMarket}); break;
    case 2:
      // Not to a type in which the bytes of another make no client id, mode or key.
      command.header.type = static_cast<CommandType>(random_.below(256));
      if (is_particular(command.header.type)) command.header.type = CommandType::none;
      break;
    case 3:
      command.header.valid_until_ms = random_.pick<int64_t>({-1, 1, INT64_MIN, INT64_MAX});
      break;
    default: {
      if (command.header.type != CommandType::place_order) break;
      const int64_t odd = random_.pick<int64_t>({INT64_MIN, -1, 0, 1, INT64_MAX, INT64_MAX / 2});
      switch (random_.below(5)) {
        case 0: command.place.price = Price(odd); break;
        case 1: command.place.lots = Lots(odd); break;
        case 2: command.place.budget = Micro(odd); break;
        case 3: command.place.expires_at_ms = odd; break;
        default: command.place.slippage_ppm = static_cast<uint32_t>(odd); break;
      }
    }
  }
}

// ---- Orders -----------------------------------------------------------------------------------

int64_t Generator::typical_lots(const Market& market) {
  const Wide most = market.spec.position_notional_max.value / market.notional(market.mark + 1, 1);
  const int64_t lots = random_.spread(std::max<int64_t>(1, bounded(most) / 10));
  if (random_.chance(5)) return lots;
  const Wide least = ceil_div(market.spec.notional_min.value, market.notional(market.mark + 1, 1));
  return std::max(lots, bounded(least) + random_.between(0, 2));
}

int64_t Generator::limit_price(const Market& market, Side side) {
  const auto [low, high] = market.band();
  const int64_t price = wild_price(market, side);
  return low <= high && random_.chance(92) ? std::clamp(price, low, high) : price;
}

int64_t Generator::wild_price(const Market& market, Side side) {
  const auto [low, high] = market.band();
  const int64_t touching = market.best(random_.chance(80) ? opposite(side) : side);
  const uint64_t how = random_.below(100);
  if (how < 50 && touching != 0) return touching + random_.between(-2, 2);
  if (how < 90) {
    const int64_t skew_ppm = mix_.idle_per_mille == 0 ? mix_.skew_ppm : 0;
    const int64_t middle = market.mark + narrow(Wide{market.mark} * skew_ppm / kPpm);
    const int64_t reach = std::max<int64_t>(2, middle / random_.pick({50, 300, 2'000}));
    return middle + random_.between(-reach, reach);
  }
  if (how < 97) return random_.between(low, std::max(low, high));
  return random_.pick<int64_t>({low, high, low - 1, high + 1, market.spec.price_min.value,
                                market.spec.price_max.value, 0, -1, 1, INT64_MAX});
}

void Generator::size_order(const Market& market, const Position& position, PlaceOrder& order) {
  int64_t lots = typical_lots(market);
  const bool reduces = (order.flags & kReduceOnly) != 0;
  if (reduces && random_.chance(70)) {
    lots = std::max<int64_t>(1, std::abs(position.base) + random_.between(-2, 2));
  }
  if (random_.per_mille(15)) {
    lots = random_.pick<int64_t>({INT64_MAX, lots_max(market.spec).value,
                                  lots_max(market.spec).value + 1, INT64_MAX / 3, 1});
  }
  const bool in_budget = random_.chance(20);
  if (!in_budget) order.lots = Lots(lots);
  if (in_budget) {
    const int64_t price = std::max(market.mark, market.best(opposite(order.side)));
    if (random_.chance(15)) lots = 1;
    order.budget = Micro(bounded(market.notional(price, lots) + random_.between(-5, 5)));
    if (lots == 1 && order.side == Side::sell) {  // just a lot, if the best bid stays
      const int64_t reserved_at = market.reserve_price(Side::sell, order.price.value);
      order.budget = Micro(bounded(market.notional(reserved_at, 1)));
    }
    if (random_.chance(30)) order.budget += Micro(random_.between(0, order.budget.value / 50));
  }
  if (random_.per_mille(5)) order.budget = Micro(random_.pick<int64_t>({INT64_MAX, 1, -3, 100}));
  if (random_.per_mille(5)) order.lots = Lots(random_.pick<int64_t>({0, -1, INT64_MIN}));
}

Command Generator::place(const Model& model, AgentId agent) {
  Command command(CommandType::place_order, agent, any_market(model));
  PlaceOrder& order = command.place;
  if (command.header.market >= model.markets().size()) return command;
  const Market& market = model.markets()[command.header.market];
  const auto held = market.positions.find(agent);
  const Position position = held == market.positions.end() ? Position{} : held->second;
  const bool keeps_home = random_.chance(mix_.home_side_percent);
  const bool home_is_sell = ((agent + market.id) & 1) != 0;
  order.side = (keeps_home ? home_is_sell : random_.chance(50)) ? Side::sell : Side::buy;
  if (random_.chance(mix_.reduce_only_percent)) {
    order.flags |= random_.chance(25) ? kClosePosition : kReduceOnly;
    if (random_.chance(85)) order.side = position.base > 0 ? Side::sell : Side::buy;
  }
  if (random_.chance(3)) order.flags |= kIntent;
  order.kind = random_.chance(18) ? OrderKind::market : OrderKind::limit;
  order.time_in_force = random_.pick({TimeInForce::gtc, TimeInForce::gtc, TimeInForce::gtc,
                                      TimeInForce::gtc, TimeInForce::gtd, TimeInForce::gtd,
                                      TimeInForce::ioc, TimeInForce::fok});
  if (order.kind == OrderKind::limit) order.price = Price(limit_price(market, order.side));
  if (order.kind == OrderKind::market || random_.chance(2)) {
    const uint32_t most = market.spec.slippage_max_ppm;
    order.slippage_ppm = random_.pick({0u, 1u, most / 2, most, most});
    if (random_.chance(5)) order.slippage_ppm = most + 1;
  }
  if (order.time_in_force == TimeInForce::gtd || random_.chance(2)) {
    order.expires_at_ms = batch_.log_time_ms + random_.pick<int64_t>({1, 50, 500, 5'000, 90'000});
    if (random_.chance(5)) order.expires_at_ms = batch_.log_time_ms;
  }
  const bool may_rest = order.kind == OrderKind::limit &&
                        order.time_in_force != TimeInForce::ioc &&
                        order.time_in_force != TimeInForce::fok;
  if (random_.chance(may_rest ? 15 : 1)) {
    order.post_only = random_.pick({PostOnly::reject, PostOnly::slide});
  }
  order.stp = static_cast<SelfTradePrevention>(random_.below(4));
  if (random_.chance(50)) {
    const uint32_t tier = random_.below(market.spec.tier_count);
    const uint32_t most = market.spec.tiers[tier].max_leverage;
    order.leverage = static_cast<uint16_t>(random_.between(1, most));
    if (random_.chance(3)) order.leverage = market.spec.tiers[0].max_leverage + 1;
  }
  if (random_.chance(mix_.full_leverage_percent)) {
    order.leverage = static_cast<uint16_t>(market.spec.tiers[0].max_leverage);
  }
  if (idle_batches_ > 0 && random_.chance(80)) lean(market, order);
  size_order(market, position, order);
  if (random_.chance(mix_.bracket_percent)) add_bracket(market, order);
  if (random_.chance(mix_.client_id_percent)) {
    order.client_id = make_client_id(fmt::format("c{}", next_name_++));
  }
  return command;
}

// One lot far from the mark, by an agent that cannot run out of money or of room.
bool Generator::add_to_hoard(const Model& model) {
  if (model.markets().empty() || model.markets()[0].mark == 0) return false;
  if (random_.chance(15)) {
    Command waiting(CommandType::place_trigger, 1, 0);
    waiting.trigger.stop = Price(model.markets()[0].band().second - random_.between(0, 3));
    waiting.trigger.lots = Lots(1);
    waiting.trigger.flags = 0;
    add(waiting);
    return true;
  }
  Command command(CommandType::place_order, 1, 0);
  command.place.price = Price(model.markets()[0].band().first + random_.between(0, 3));
  command.place.lots = Lots(1);
  add(command);
  return true;
}

// An order of the agent if it has one, else most times somebody's; nullptr if there is none.
const Order* Generator::live_order(const Model& model, AgentId agent) {
  if (model.markets().empty()) return nullptr;
  const std::size_t first = random_.below(model.markets().size());
  const Order* order = nullptr;
  for (std::size_t i = 0; i < model.markets().size() && order == nullptr; ++i) {
    const Market& market = model.markets()[(first + i) % model.markets().size()];
    const auto own = market.own.find(agent);
    if (own != market.own.end() && !own->second.empty()) {
      auto found = own->second.lower_bound(random_.below(market.last_age + 1));
      if (found == own->second.end()) found = own->second.begin();
      order = &market.orders.at(found->second);
    } else if (!market.orders.empty() && random_.chance(60)) {
      auto found = market.orders.lower_bound(random_.next() >> random_.below(40));
      if (found == market.orders.end()) found = market.orders.begin();
      order = &found->second;
    }
  }
  if (order == nullptr) return nullptr;
  seen_orders_.push_back(order->order_id);
  if (seen_orders_.size() > kSeenKept) seen_orders_.pop_front();
  return order;
}

Command Generator::amend(const Model& model, AgentId agent) {
  const Order* order = live_order(model, agent);
  Command command(CommandType::amend_order, order == nullptr ? agent : order->agent);
  AmendOrder& wanted = command.amend;
  if (order == nullptr || random_.chance(5)) {
    if (!seen_orders_.empty()) wanted.order_id = seen_orders_[random_.below(seen_orders_.size())];
    if (random_.chance(10)) wanted.order_id = random_.next();
    wanted.lots = Lots(random_.between(1, 100));
    return command;
  }
  const Market& market = model.markets()[order_market(order->order_id)];
  wanted.order_id = order->order_id;
  if (order->client_id != ClientId{} && random_.chance(40)) {
    wanted.order_id = 0;
    wanted.client_id = order->client_id;
    if (random_.chance(50)) command.header.market = market.id;
    if (random_.chance(5)) command.header.market ^= 1;
  }
  if (random_.chance(60)) {
    const int64_t change = std::max<int64_t>(1, order->rest() / random_.pick({1, 3, 20}));
    wanted.lots = Lots(std::max<int64_t>(0, order->lots.value + random_.between(-change, change)));
    if (random_.chance(5)) wanted.lots = order->lots;
    if (random_.chance(5)) wanted.lots = Lots(std::max<int64_t>(1, order->filled));
  }
  if (random_.chance(50) || wanted.lots.value == 0) {
    wanted.price = Price(limit_price(market, order->side));
    if (random_.chance(30)) wanted.price = Price(order->price.value + random_.between(-1, 1));
  }
  if (random_.chance(1)) wanted.lots = Lots(random_.pick<int64_t>({INT64_MAX, -1, 1, INT64_MIN}));
  return command;
}

Command Generator::cancel(const Model& model, AgentId agent) {
  const Order* order = live_order(model, agent);
  Command command(CommandType::cancel_order, order == nullptr ? agent : order->agent);
  CancelOrder& wanted = command.cancel;
  if (order == nullptr || random_.chance(10)) {
    if (!seen_orders_.empty()) wanted.order_id = seen_orders_[random_.below(seen_orders_.size())];
    if (random_.chance(10)) wanted.order_id = random_.next();
    return command;
  }
  wanted.order_id = order->order_id;
  if (order->client_id != ClientId{} && random_.chance(50)) {
    wanted.order_id = 0;
    wanted.client_id = order->client_id;
    if (random_.chance(40)) command.header.market = order_market(order->order_id);
    if (random_.chance(5)) command.header.market ^= 1;
  }
  return command;
}

// ---- The rest ---------------------------------------------------------------------------------

Command Generator::money(CommandType type, const Model& model, AgentId agent) {
  Command command(type, agent);
  const std::size_t last = model.accounts().size() - 1;
  const Account& account = model.accounts()[std::min<std::size_t>(agent, last)];
  int64_t amount = bounded(Wide{random_.spread(limits::kAmountMaxMicro)});
  if (type == CommandType::claim_faucet) amount = random_.spread(limits::kFaucetPerDayMicro);
  if (type == CommandType::withdraw || type == CommandType::transfer) {
    amount = random_.spread(std::max<int64_t>(1, account.free / 2));
    if (random_.chance(20)) amount = account.free + random_.between(-1, 1);
  }
  if (random_.chance(3)) {
    amount = random_.pick<int64_t>({0, -1, INT64_MAX, INT64_MIN, limits::kAmountMaxMicro,
                                    limits::kAmountMaxMicro + 1, limits::kFaucetPerDayMicro});
  }
  if (type == CommandType::deposit && mix_.wealth_percent < 1'000) {
    amount = std::min(amount, std::max<int64_t>(1, account.free / 10));
  }
  command.money.amount = Micro(amount);
  command.money.to_agent = any_agent(model);
  add_flags(command.money);
  if (random_.chance(3)) command.money.to_agent = random_.pick({agent, 0u, 0xFFFFFFFFu});
  return command;
}

Command Generator::settings(CommandType type, const Model& model, AgentId agent) {
  Command command(type, agent, any_market(model));
  if (type == CommandType::configure) {
    command.header.agent = 0;
    command.configure.margin_use_max_ppm = random_.pick({0u, 800'000u, 1'000'001u});
    if (random_.chance(30)) command.configure.risk_limits = draw_risk();
  }
  if (type == CommandType::cancel_all) {
    command.cancel_all.scope = random_.pick({CancelScope::orders, CancelScope::everything,
                                             CancelScope::triggers});
    if (random_.chance(50)) command.header.market = kNoMarket;
  }
  if (type == CommandType::set_netting) {
    command.set_netting.netting = random_.pick<uint8_t>({0, 0, 1, 1, 1, 2});
  }
  if (type == CommandType::set_leverage) {
    command.set_leverage.leverage = static_cast<uint16_t>(random_.pick({0, 1, 2, 5, 20, 100, 101}));
  }
  return command;
}

Command Generator::keys(CommandType type, AgentId agent) {
  Command command(type, agent);
  if (type == CommandType::revoke_key) {
    command.revoke_key.key_id = static_cast<uint32_t>(random_.below(mix_.agents * 3));
    return command;
  }
  command.create_key.key_sha256 = fresh_sha();
  command.create_key.scopes = static_cast<uint8_t>(random_.between(1, 7));
  if (random_.chance(3)) command.create_key.scopes = random_.pick<uint8_t>({0, 8, 255});
  if (random_.chance(10)) command.create_key.limits = draw_limits();
  command.create_key.expires_at_ms = random_.chance(50) ? 0 : batch_.log_time_ms + 10;
  return command;
}

Sha256 Generator::fresh_sha() {
  const uint64_t name = random_.chance(97) ? next_name_++ : random_.below(next_name_) + 1;
  Sha256 sha{};
  std::memcpy(sha.data(), &name, sizeof name);
  return sha;
}

void Generator::add_register() {
  Command command(CommandType::register_agent);
  RegisterAgent& wanted = command.register_agent;
  const uint64_t name = random_.chance(98) ? next_name_++ : random_.below(next_name_) + 1;
  const std::string wallet = draw_wallet(name);
  const std::string display_name = std::string(random_.chance(98) ? random_.below(201) : 201, 'n');
  const std::string handle = std::string(random_.chance(98) ? random_.below(65) : 65, 'h');
  const std::string bio = std::string(random_.chance(98) ? random_.below(30) : 501, 'b');
  wanted.wallet_length = static_cast<uint16_t>(wallet.size());
  wanted.display_name_length = static_cast<uint16_t>(display_name.size());
  wanted.bio_length = static_cast<uint16_t>(bio.size() + (random_.chance(1) ? 1 : 0));
  wanted.twitter_handle_length = static_cast<uint16_t>(handle.size());
  wanted.has_risk_limits = random_.chance(mix_.risk_percent) ? 1 : 0;
  wanted.key_sha256 = fresh_sha();
  wanted.scopes = kScopesAll;
  if (random_.chance(2)) wanted.scopes = random_.pick<uint8_t>({0, 8, 1});
  const MarketSpec& spec = specs_[random_.below(specs_.size())];
  const Wide typical = Wide{spec.position_notional_max.value} / 10;
  wanted.start_balance_micro = bounded(typical * mix_.wealth_percent / 100);
  wanted.start_balance_micro = random_.between(1, wanted.start_balance_micro) / 2 +
                               (random_.chance(50) ? wanted.start_balance_micro / 2 : 0);
  if (mix_.floods) wanted.start_balance_micro = limits::kAmountMaxMicro;
  if (random_.chance(3)) {
    wanted.start_balance_micro = random_.pick<int64_t>(
        {0, -1, limits::kAmountMaxMicro + 1, INT64_MAX, INT64_MIN});
  }
  add(command, wallet + display_name + bio + handle);
}

void Generator::add_create_market() {
  MarketSpec spec = draw_spec(random_, static_cast<uint32_t>(random_.below(80)));
  if (random_.chance(20)) spec.value_per_tick_lot_micro += 1;
  if (random_.chance(10)) spec.tier_count = 5;
  std::string text = bytes_of(spec);
  if (random_.chance(10)) text.pop_back();
  add(Command(CommandType::create_market), text);
}

AgentId Generator::any_agent(const Model& model) {
  const uint64_t agents = model.accounts().size() - 1;
  return agents == 0 ? 0 : static_cast<AgentId>(1 + random_.below(agents));
}

MarketId Generator::any_market(const Model& model) {
  const std::size_t count = model.markets().size();
  if (count == 0 || random_.per_mille(3)) return static_cast<MarketId>(random_.below(256));
  const std::size_t market = random_.below(count);
  const std::size_t busy = std::min<std::size_t>(count, mix_.markets);
  return static_cast<MarketId>(random_.chance(95) ? market % busy : market);
}

}  // namespace perpetua::model
