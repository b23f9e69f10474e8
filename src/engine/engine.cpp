// Control flow of a batch: rounds of reserve, match, settle. The work is in ledger/ and market/.

#include <algorithm>

#include "engine/engine_impl.hpp"

namespace perpetua {
namespace {

// Commands between a prefetch and its use: about the latency of memory.
constexpr std::size_t kLookAhead = 8;
constexpr std::size_t kCreditLookAhead = 6;

}  // namespace

void Engine::Impl::begin(const BatchInput& input, BatchOutput& result) {
  PERPETUA_ASSERT(input.number == last_batch + 1);
  PERPETUA_ASSERT(input.log_time_ms >= log_time_ms);
  PERPETUA_ASSERT(input.commands.size() <= limits::kBatchCommandsMax);
  last_batch = input.number;
  log_time_ms = input.log_time_ms;
  batch = &input;
  output = &result;
  result.first_event = next_event;
  result.events.clear();
  result.outcomes.assign(input.commands.size(), Outcome{});
  ledger.begin_batch(input.commands.size());
  current.clear();
  for (uint32_t index = 0; index < input.commands.size(); ++index) {
    const CommandHeader& header = input.commands[index].header;
    PERPETUA_ASSERT(header.text_offset <= input.text.size() &&
                    header.text_length <= input.text.size() - header.text_offset);
    current.push_back(index);
  }
  is_first_round = true;
}

void Engine::Impl::reserve() {
  deferred.clear();
  sent.clear();
  ledger.begin_round();
  for (std::size_t m = 0; m < markets.size(); ++m) {
    markets[m]->round().clear();
    views[m] = markets[m]->view();
  }
  const std::size_t first = output->events.size();
  for (std::size_t i = 0; i < current.size(); ++i) {
    if (i + kLookAhead < current.size()) {
      ledger.accounts().prefetch(batch->commands[current[i + kLookAhead]].header.agent);
    }
    const uint32_t index = current[i];
    // A new market changes `views`, so the span is taken afresh.
    const Ledger::Context context{views, *this, batch->text, log_time_ms, output->events};
    reserve_one(index, context);
  }
  for (std::size_t i = first; i < output->events.size(); ++i) number(output->events[i].header);
}

void Engine::Impl::reserve_one(uint32_t index, const Ledger::Context& context) {
  const Command& command = batch->commands[index];
  const std::size_t first = output->events.size();
  const Decision decision = ledger.decide(command, index, context);
  switch (decision.disposition) {
    case Disposition::decided:
      if (output->events.size() > first &&
          output->events[first].header.type == EventType::settings_changed) {
        const bool is_netting = markets[command.header.market]->is_netting(command.header.agent);
        output->events[first].settings_changed.netting = is_netting ? 1 : 0;
      }
      output->outcomes[index] = decision.outcome;
      ledger.finish(index, decision.outcome);
      break;
    case Disposition::deferred:
      deferred.push_back(index);
      break;
    case Disposition::to_market:
    case Disposition::to_markets:
      send(index, decision);
      break;
    case Disposition::new_market:
      open_market(index, decision);
      break;
  }
}

void Engine::Impl::send(uint32_t index, const Decision& decision) {
  sent.push_back(index);
  if (decision.disposition == Disposition::to_market) {
    Market& market = *markets[decision.market];
    market.prefetch(decision.operation, batch->commands[index].header.agent);
    market.round().operations.push_back(decision.operation);
    return;
  }
  output->outcomes[index] = decision.outcome;
  for (const auto& market : markets) market->round().operations.push_back(decision.operation);
}

void Engine::Impl::open_market(uint32_t index, const Decision& decision) {
  const CommandHeader& header = batch->commands[index].header;
  MarketSpec spec;
  std::memcpy(&spec, batch->text.data() + header.text_offset, sizeof spec);
  markets.push_back(std::make_unique<Market>(decision.market, spec, ledger.seed()));
  ledger.open_market();
  views.push_back(markets.back()->view());
  Event event(EventType::market_created, 0, decision.market, index);
  event.market_created.spec = {header.text_offset, header.text_length};
  output->events.push_back(event);
  output->outcomes[index] = decision.outcome;
  ledger.finish(index, decision.outcome);
}

void Engine::Impl::match(MatchExecutor& executor) {
  std::size_t work = 0;
  for (const auto& market : markets) work += market->round().operations.size();
  const auto count = static_cast<uint32_t>(markets.size());
  const bool is_inline = executor.is_inline(count, static_cast<uint32_t>(work));
  market_events = output->events.size();
  for (const auto& market : markets) {
    MarketRound& round = market->round();
    round.events = is_inline ? &output->events : &round.own_events;
  }
  const auto run = [](void* context, uint32_t index) {
    auto& self = *static_cast<Impl*>(context);
    self.markets[index]->execute(self.batch->commands, self.batch->text, self.log_time_ms,
                                 self.is_first_round);
  };
  executor.run_all(count, static_cast<uint32_t>(work), {run, this});
}

// Applies what the markets return, in market order; docs/rules.md section 2.
void Engine::Impl::settle() {
  for (const auto& market : markets) {
    const MarketRound& round = market->round();
    const std::vector<Credit>& credits = round.credits;
    for (std::size_t i = 0; i < credits.size(); ++i) {
      const std::size_t soon = std::min(i + kCreditLookAhead, credits.size() - 1);
      ledger.accounts().prefetch(credits[soon].agent);
      ledger.accounts().apply(credits[i]);
    }
    ledger.accounts().add_fees(round.fees);
    merge_outcomes(round);
    output->events.insert(output->events.end(), round.own_events.begin(), round.own_events.end());
  }
  for (const uint32_t index : sent) ledger.finish(index, output->outcomes[index]);
  for (std::size_t i = market_events; i < output->events.size(); ++i) {
    Event& event = output->events[i];
    if (event.header.type == EventType::settings_changed) [[unlikely]]
      complete_settings(event);
    number(event.header);
  }
  append_account_changes();
  assert_money();
}

void Engine::Impl::merge_outcomes(const MarketRound& round) {
  for (std::size_t i = 0; i < round.operations.size(); ++i) {
    const MarketOperation& operation = round.operations[i];
    const Outcome& part = round.outcomes[i];
    Outcome& whole = output->outcomes[operation.command];
    if (operation.to_all == 0) {
      whole = part;
    } else if (batch->commands[operation.command].header.type == CommandType::cancel_all) {
      whole.count += part.count;
    } else if (batch->commands[operation.command].header.type == CommandType::cancel_all_after) {
      whole = part;
    } else if (part.code != ResultCode::order_not_found) {
      whole = part;
    }
  }
}

// The leverage half of a settings_changed that a market made.
void Engine::Impl::complete_settings(Event& event) const {
  const MarketId market = event.header.market;
  const uint16_t setting = ledger.leverage_setting(event.header.agent, market);
  event.settings_changed.leverage =
      setting == 0 ? static_cast<uint16_t>(markets[market]->spec().default_leverage) : setting;
}

void Engine::Impl::append_account_changes() {
  for (const AgentId agent : ledger.accounts().touched()) {
    const Account& account = ledger.accounts().get(agent);
    Event& event =
        output->events.emplace_back(EventType::account_changed, agent, kNoMarket, kNoCommand);
    event.account_changed.free = account.free;
    event.account_changed.reserved = account.reserved;
    event.account_changed.position_margin = account.position_margin;
    number(event.header);
  }
}

void Engine::Impl::number(EventHeader& header) {
  header.sequence = next_event++;
  if (is_private(header.type)) {
    header.agent_sequence = ledger.accounts().next_agent_sequence(header.agent);
  }
}

// The money identity, no price involved: docs/money.md.
void Engine::Impl::assert_money() const {
  const MoneyTotals& totals = ledger.accounts().totals();
  Int128 of_markets = 0;
  for (const auto& market : markets) of_markets += market->own_money();
  PERPETUA_ASSERT(totals.cash + of_markets + totals.fees.value ==
                  totals.deposits.value - totals.withdrawals.value);
}

Engine::Engine() : impl_(std::make_unique<Impl>()) {}
Engine::~Engine() = default;

void Engine::apply(const BatchInput& batch, MatchExecutor& executor, BatchOutput& output) {
  Impl& impl = *impl_;
  impl.begin(batch, output);
  do {
    impl.reserve();
    impl.match(executor);
    impl.settle();
    PERPETUA_ASSERT(impl.deferred.empty() || impl.deferred.size() < impl.current.size());
    impl.current.swap(impl.deferred);
    impl.is_first_round = false;
  } while (!impl.current.empty());
}

}  // namespace perpetua
