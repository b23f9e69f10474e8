#include "world.hpp"

#include <algorithm>
#include <stdexcept>

namespace perpetua::scenario {
namespace {

class Describer final : public DescribeSink {
 public:
  explicit Describer(Description& description) : description_(description) {}

  void on_event(const Event& event, std::string_view text) override {
    const AgentId agent = event.header.agent;
    const MarketId market = event.header.market;
    switch (event.header.type) {
      case EventType::market_created:
        description_.markets.emplace_back();
        std::memcpy(&last().spec, text.data(), sizeof last().spec);
        break;
      case EventType::market_status:
        last().status = event.market_status;
        break;
      case EventType::fund_changed:
        last().fund = event.fund_changed;
        break;
      case EventType::price_updated:
        last().index = event.price_updated.index;
        last().mark = event.price_updated.mark;
        break;
      case EventType::account_changed:
        description_.accounts[agent] = event.account_changed;
        break;
      case EventType::position_described:
        description_.positions[{agent, market}] = {
            {event.position_described.base, event.position_described.entry_notional,
             event.position_described.margin},
            event.position_described.realised_pnl_total};
        break;
      case EventType::order_accepted:
        description_.orders.push_back({event.order_accepted.order_id, agent, market,
                                       event.order_accepted.side, event.order_accepted.price,
                                       event.order_accepted.rested});
        break;
      case EventType::trigger_changed:
        ++description_.triggers[agent];
        break;
      default:
        break;
    }
  }

 private:
  DescribedMarket& last() { return description_.markets.back(); }
  Description& description_;
};

class Memory final : public ByteSink, public ByteSource {
 public:
  void write(const void* data, std::size_t size) override {
    bytes_.append(static_cast<const char*>(data), size);
  }
  bool read(void* data, std::size_t size) override {
    if (bytes_.size() - place_ < size) return false;
    std::memcpy(data, bytes_.data() + place_, size);
    place_ += size;
    return true;
  }

 private:
  std::string bytes_;
  std::size_t place_ = 0;
};

Int128 signed_entry(Lots base, Micro entry) {
  return base < Lots(0) ? -static_cast<Int128>(entry.value) : static_cast<Int128>(entry.value);
}

}  // namespace

World::World() : engine_(std::make_unique<Engine>()) {}

MarketId World::add_market(const std::string& name, const MarketSpec& spec) {
  const Outcome outcome =
      apply(Command(CommandType::create_market),
            std::string_view(reinterpret_cast<const char*>(&spec), sizeof spec));
  if (outcome.code != ResultCode::ok) return kNoMarket;
  markets_.push_back({name, MarketRules(spec), Price(0)});
  return static_cast<MarketId>(outcome.id);
}

MarketId World::find_market(std::string_view name) const {
  for (std::size_t i = 0; i < markets_.size(); ++i) {
    if (markets_[i].name == name) return static_cast<MarketId>(i);
  }
  return kNoMarket;
}

AgentId World::add_agent(const std::string& name, Micro balance) {
  Command command(CommandType::register_agent);
  command.register_agent = RegisterAgent{};
  command.register_agent.wallet_length = static_cast<uint16_t>(name.size());
  command.register_agent.start_balance_micro = balance.value;
  const auto number = static_cast<uint64_t>(agents_.size());
  std::memcpy(command.register_agent.key_sha256.data(), &number, sizeof number);
  const Outcome outcome = apply(command, name);
  if (outcome.code != ResultCode::ok) return 0;
  agents_.push_back(name);
  return static_cast<AgentId>(outcome.id);
}

AgentId World::find_agent(std::string_view name) const {
  for (std::size_t i = 1; i < agents_.size(); ++i) {
    if (agents_[i] == name) return static_cast<AgentId>(i);
  }
  return 0;
}

void World::name_order(AgentId agent, const std::string& name, OrderId order) {
  orders_[{agent, name}] = order;
}

OrderId World::find_order(AgentId agent, const std::string& name) const {
  const auto found = orders_.find({agent, name});
  return found == orders_.end() ? 0 : found->second;
}

TriggerChanged World::find_trigger(OrderId trigger) const {
  const auto found = triggers_.find(trigger);
  return found == triggers_.end() ? TriggerChanged{} : found->second;
}

uint32_t World::add_key(AgentId agent, const std::string& name, int64_t valid_ms) {
  Command command(CommandType::create_key, agent);
  command.create_key = CreateKey{};
  const Hash128 hash = hash128_text(agent_name(agent) + " " + name, 0);
  std::memcpy(command.create_key.key_sha256.data(), &hash, sizeof hash);
  command.create_key.expires_at_ms = valid_ms == 0 ? 0 : now_ms_ + valid_ms;
  const Outcome outcome = apply(command);
  if (outcome.code != ResultCode::ok) return 0;
  return keys_[{agent, name}] = static_cast<uint32_t>(outcome.id);
}

uint32_t World::find_key(AgentId agent, const std::string& name) const {
  const auto found = keys_.find({agent, name});
  return found == keys_.end() ? 0 : found->second;
}

Outcome World::apply(const Command& command, std::string_view text) {
  Command sent = command;
  sent.header.text_length = static_cast<uint16_t>(text.size());
  run({&sent, 1}, text);
  const Outcome outcome = output_.outcomes.front();
  if (outcome.code == ResultCode::ok) count_money(sent);
  if (money_difference() != 0) throw std::logic_error("the money identity does not hold");
  return outcome;
}

Outcome World::set_price(MarketId market, Price price, int64_t age_ms) {
  Command command(CommandType::update_price, 0, market);
  command.update_price.price = price;
  command.update_price.source_time_ms = now_ms_ - age_ms;
  const Outcome outcome = apply(command);
  if (outcome.code == ResultCode::ok) markets_[market].index = Price(outcome.values[0]);
  return outcome;
}

void World::pass_time(int64_t ms) {
  now_ms_ += ms;
  run({}, {});
}

void World::restart() {
  Memory memory;
  engine_->save(memory);
  const uint64_t hash = engine_->state_hash();
  engine_ = std::make_unique<Engine>();
  const bool is_loaded = engine_->load(memory);
  if (!is_loaded || engine_->state_hash() != hash) {
    throw std::logic_error("the state is not the same after the restart");
  }
}

void World::run(std::span<const Command> commands, std::string_view text) {
  InlineExecutor executor;
  engine_->apply({engine_->last_batch() + 1, now_ms_, commands, text}, executor, output_);
  engine_->check_invariants();
  events_.insert(events_.end(), output_.events.begin(), output_.events.end());
  for (const Event& event : output_.events) {
    if (event.header.type == EventType::trigger_changed) {
      triggers_[event.trigger_changed.trigger_id] = event.trigger_changed;
    }
    if (event.header.type != EventType::fill) continue;
    const bool is_for_the_fund =
        event.fill.cause == TradeCause::liquidation && event.fill.is_taker != 0;
    if (!is_for_the_fund) fees_ += event.fill.fee.value;
  }
}

void World::count_money(const Command& command) {
  switch (command.header.type) {
    case CommandType::register_agent:
      deposited_ += command.register_agent.start_balance_micro;
      break;
    case CommandType::deposit:
      deposited_ += command.money.amount.value;
      break;
    case CommandType::withdraw:
      deposited_ -= command.money.amount.value;
      break;
    case CommandType::fund_insurance:
      deposited_ += command.fund_insurance.amount.value;
      break;
    default:
      break;
  }
}

Description World::describe() const {
  Description description;
  Describer describer(description);
  engine_->describe(describer);
  return description;
}

Int128 World::money_difference() const {
  const Description now = describe();
  Int128 sum = fees_ - deposited_;
  for (const auto& [agent, account] : now.accounts) {
    sum += static_cast<Int128>(account.free.value) + account.reserved.value +
           account.position_margin.value;
  }
  for (const auto& [place, own] : now.positions) {
    sum -= signed_entry(own.position.base, own.position.entry_notional);
  }
  for (const DescribedMarket& market : now.markets) {
    sum += market.fund.margin.value - market.fund.bad_debt.value;
    sum -= signed_entry(market.fund.base, market.fund.entry_notional);
  }
  return sum;
}

Lots World::base_sum(MarketId market) const {
  const Description now = describe();
  Lots sum = now.markets[market].fund.base;
  for (const auto& [place, own] : now.positions) {
    if (place.second == market) sum += own.position.base;
  }
  return sum;
}

}  // namespace perpetua::scenario
