// Control flow of a batch: rounds of reserve, match, settle. The work is in ledger/ and market/.

#include "engine/engine_impl.hpp"

namespace perpetua {
namespace {

// Commands between a prefetch and its use: about the latency of memory.
constexpr std::size_t kLookAhead = 8;

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
  number_events(first);
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
  output->outcomes[index] = decision.outcome;
  if (decision.disposition == Disposition::to_market) {
    markets[decision.market]->prefetch(decision.operation, batch->commands[index].header.agent);
    markets[decision.market]->round().operations.push_back(decision.operation);
    return;
  }
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
  const auto run = [](void* context, uint32_t index) {
    auto& self = *static_cast<Impl*>(context);
    self.markets[index]->execute(self.batch->commands, self.log_time_ms, self.is_first_round);
  };
  executor.run_all(static_cast<uint32_t>(markets.size()), static_cast<uint32_t>(work), {run, this});
}

// Applies what the markets return, in market order; docs/rules.md section 2.
void Engine::Impl::settle() {
  const std::size_t first = output->events.size();
  for (const auto& market : markets) {
    MarketRound& round = market->round();
    for (const Credit& credit : round.credits) ledger.accounts().apply(credit);
    ledger.accounts().add_fees(round.fees);
    for (const MarketResult& result : round.results) {
      Outcome& outcome = output->outcomes[result.command];
      const Command& command = batch->commands[result.command];
      const bool is_found = result.outcome.code != ResultCode::order_not_found;
      if (command.header.type == CommandType::cancel_all) {
        outcome.count += result.outcome.count;
      } else if (command.header.type != CommandType::cancel_order || is_found) {
        outcome = result.outcome;
      }
    }
    append_market_events(*market);
  }
  for (const uint32_t index : sent) ledger.finish(index, output->outcomes[index]);
  append_account_changes();
  number_events(first);
  assert_money();
}

void Engine::Impl::append_market_events(Market& market) {
  for (Event& event : market.round().events) {
    if (event.header.type != EventType::settings_changed) continue;
    const uint16_t setting = ledger.leverage_setting(event.header.agent, market.id());
    event.settings_changed.leverage =
        setting == 0 ? static_cast<uint16_t>(market.spec().default_leverage) : setting;
  }
  const std::vector<Event>& events = market.round().events;
  output->events.insert(output->events.end(), events.begin(), events.end());
}

void Engine::Impl::append_account_changes() {
  for (const AgentId agent : ledger.accounts().touched()) {
    const Account& account = ledger.accounts().get(agent);
    Event& event =
        output->events.emplace_back(EventType::account_changed, agent, kNoMarket, kNoCommand);
    event.account_changed.free = account.free;
    event.account_changed.reserved = account.reserved;
    event.account_changed.position_margin = account.position_margin;
  }
}

void Engine::Impl::number_events(std::size_t first) {
  for (std::size_t i = first; i < output->events.size(); ++i) {
    EventHeader& header = output->events[i].header;
    header.sequence = next_event++;
    if (is_private(header.type)) {
      header.agent_sequence = ledger.accounts().next_agent_sequence(header.agent);
    }
  }
}

// The money identity, no price involved: docs/money.md.
void Engine::Impl::assert_money() const {
  const MoneyTotals& totals = ledger.accounts().totals();
  Int128 signed_entry = 0;
  for (const auto& market : markets) signed_entry += market->signed_entry_total();
  PERPETUA_ASSERT(totals.cash - signed_entry + totals.fees.value ==
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
