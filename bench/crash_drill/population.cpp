#include "crash_drill/population.hpp"

#include <algorithm>
#include <array>

namespace perpetua::drill {
namespace {

AgentId add_agents(Exchange& exchange, std::string_view kind, uint32_t count) {
  const auto first =
      static_cast<AgentId>(std::max<std::size_t>(exchange.auditor.books().size(), 1));
  for (uint32_t i = 0; i < count; ++i) {
    const std::string wallet = std::string(kind) + std::to_string(i);
    Command command(CommandType::register_agent);
    command.register_agent = RegisterAgent{};
    command.register_agent.wallet_length = static_cast<uint16_t>(wallet.size());
    const uint64_t key = first + i;
    std::memcpy(command.register_agent.key_sha256.data(), &key, sizeof key);
    exchange.add(command, wallet);
  }
  exchange.run();
  return first;
}

Command deposit_of(AgentId agent, Micro amount) {
  Command command(CommandType::deposit, agent);
  command.money = MoveMoney{};
  command.money.amount = amount;
  return command;
}

}  // namespace

Population::Population(Exchange& exchange, const PopulationSettings& settings, uint64_t seed)
    : exchange_(exchange), settings_(settings), random_(seed) {
  first_ = next_ = add_agents(exchange_, "agent-", settings_.agents);
  for (AgentId agent = first_; agent < first_ + settings_.agents; ++agent) deposit(agent);
  exchange_.run();
}

void Population::deposit(AgentId agent) {
  const Micro amount(random_.between(settings_.balance_low_usdc, settings_.balance_high_usdc) *
                     1'000'000);
  exchange_.add(deposit_of(agent, amount));
  exchange_.auditor.add_deposit(amount);
  deposited_ += amount;
}

// Half to three quarters of the free money as margin, at a random leverage.
Command Population::wish(AgentId agent, Price price) {
  const Micro free = exchange_.auditor.books()[agent].free;
  const int64_t leverage = random_.between(settings_.leverage_low, settings_.leverage_high);
  const int64_t notional_most = leverage > 10 ? 99'000'000'000 : INT64_MAX;
  const int64_t margin = free.value / 100 * random_.between(50, 75);
  const Lots lots(std::min(margin * leverage, notional_most) / price.value);
  const Side side = random_.between(0, 1) == 0 ? Side::buy : Side::sell;
  return place(agent, side, price, lots, static_cast<uint16_t>(leverage));
}

void Population::open_positions() {
  const Price index = exchange_.auditor.index();
  for (AgentId agent = first_; agent < first_ + settings_.agents; ++agent) {
    exchange_.add(wish(agent, index));
  }
  for (AgentId agent = first_; agent < first_ + settings_.agents; ++agent) {
    exchange_.add(Command(CommandType::cancel_all, agent));
  }
  exchange_.run();
}

void Population::bring_back_some() {
  constexpr Micro kTooLittle(200'000'000);
  const Price index = exchange_.auditor.index();
  const std::vector<AgentBooks>& books = exchange_.auditor.books();
  std::vector<AgentId> flat;
  for (uint32_t i = 0; i < settings_.agents && flat.size() < settings_.returns_per_round; ++i) {
    const AgentId agent = next_;
    next_ = next_ + 1 == first_ + settings_.agents ? first_ : next_ + 1;
    if (books[agent].position.base == Lots(0)) flat.push_back(agent);
  }
  if (flat.empty()) return;
  for (const AgentId agent : flat) {
    if (books[agent].free < kTooLittle) deposit(agent);
  }
  exchange_.run();
  for (const AgentId agent : flat) {
    Command command = wish(agent, index);
    command.place.price = Price(0);
    command.place.kind = OrderKind::market;
    exchange_.add(command);
  }
  exchange_.run();
}

Micro Population::equity() const {
  Micro sum;
  for (AgentId agent = first_; agent < first_ + settings_.agents; ++agent) {
    sum += exchange_.auditor.equity(agent);
  }
  return sum;
}

Makers::Makers(Exchange& exchange, const MakerSettings& settings)
    : exchange_(exchange), settings_(settings) {
  first_ = add_agents(exchange_, "maker-", settings_.makers);
  const Micro capital(settings_.capital_usdc * 1'000'000);
  for (AgentId agent = first_; agent < first_ + settings_.makers; ++agent) {
    exchange_.add(deposit_of(agent, capital));
    exchange_.auditor.add_deposit(capital);
    Command netting(CommandType::set_netting, agent, 0);
    netting.set_netting = SetNetting{};
    netting.set_netting.netting = 1;
    exchange_.add(netting);
  }
  exchange_.run();
}

void Makers::quote() {
  const Price index = exchange_.auditor.index();
  for (AgentId agent = first_; agent < first_ + settings_.makers; ++agent) {
    const int64_t base = exchange_.auditor.books()[agent].position.base.value;
    const int64_t held_usdc = base * index.value / 1'000'000;
    exchange_.add(Command(CommandType::cancel_all, agent));
    quote_side(agent, Side::buy, index, held_usdc);
    quote_side(agent, Side::sell, index, -held_usdc);
  }
  exchange_.run();
}

// `held_usdc`: what the maker holds in the direction of this side.
void Makers::quote_side(AgentId agent, Side side, Price index, int64_t held_usdc) {
  constexpr std::array<int64_t, 5> kOffsetsPpm{200, 500, 1'000, 2'000, 4'000};
  int64_t room_usdc = settings_.position_max_usdc - held_usdc;
  for (std::size_t level = 0; level < kOffsetsPpm.size(); ++level) {
    const int64_t usdc =
        std::min(room_usdc, settings_.level_usdc * static_cast<int64_t>(level + 1));
    if (usdc < 1'000) return;
    room_usdc -= usdc;
    const int64_t offset = std::max<int64_t>(1, index.value * kOffsetsPpm[level] / kPpm);
    const Price price(index.value - sign(side) * offset);
    exchange_.add(
        place(agent, side, price, Lots(usdc * 1'000'000 / price.value), settings_.leverage));
  }
}

Micro Makers::equity() const {
  Micro sum;
  for (AgentId agent = first_; agent < first_ + settings_.makers; ++agent) {
    sum += exchange_.auditor.equity(agent);
  }
  return sum;
}

}  // namespace perpetua::drill
