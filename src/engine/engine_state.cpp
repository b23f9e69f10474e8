// The engine's state as bytes, as a hash and as events, and the full-scan invariants.

#include <algorithm>

#include "engine/engine_impl.hpp"

namespace perpetua {
namespace {

void describe_agent(AgentId agent, const AgentProfile& profile, DescribeSink& sink) {
  const std::string text =
      profile.wallet + profile.display_name + profile.bio + profile.twitter_handle;
  Event event(EventType::agent_registered, agent, kNoMarket, kNoCommand);
  event.agent_registered.text = {0, static_cast<uint32_t>(text.size())};
  event.agent_registered.registered_at_ms = profile.registered_at_ms;
  event.agent_registered.wallet_length = static_cast<uint16_t>(profile.wallet.size());
  event.agent_registered.display_name_length = static_cast<uint16_t>(profile.display_name.size());
  event.agent_registered.bio_length = static_cast<uint16_t>(profile.bio.size());
  event.agent_registered.twitter_handle_length =
      static_cast<uint16_t>(profile.twitter_handle.size());
  sink.on_event(event, text);
}

void describe_key(const ApiKey& key, const std::string& name, DescribeSink& sink) {
  if (key.is_revoked != 0) return;
  Event event(EventType::key_created, key.agent, kNoMarket, kNoCommand);
  event.key_created.sha256 = key.sha256;
  event.key_created.key_id = key.key_id;
  event.key_created.scopes = key.scopes;
  event.key_created.created_at_ms = key.created_at_ms;
  event.key_created.expires_at_ms = key.expires_at_ms;
  event.key_created.name = {0, static_cast<uint32_t>(name.size())};
  sink.on_event(event, name);
}

void describe_key_limits(const ApiKey& key, const KeyLimitTable& limits, DescribeSink& sink) {
  const LimitedKey* limited = limits.find(key.key_id);
  if (key.is_revoked != 0 || limited == nullptr) return;
  Event event(EventType::key_limits_changed, key.agent, kNoMarket, kNoCommand);
  event.key_limits_changed.limits = limited->limits;
  event.key_limits_changed.key_id = key.key_id;
  if (limited->day >= 0) {
    event.key_limits_changed.day = limited->day;
    event.key_limits_changed.day_start = limited->start;
  }
  sink.on_event(event, {});
}

void describe_market(const Market& market, DescribeSink& sink) {
  Event created(EventType::market_created, 0, market.id(), kNoCommand);
  created.market_created.spec = {0, sizeof(MarketSpec)};
  const auto* spec = reinterpret_cast<const char*>(&market.spec());
  sink.on_event(created, std::string_view(spec, sizeof(MarketSpec)));
  const PendingChange& pending = market.pending_change();
  if (pending.is_set != 0) {
    Event scheduled(EventType::market_change_scheduled, 0, market.id(), kNoCommand);
    scheduled.market_change_scheduled.spec = {0, sizeof(MarketSpec)};
    scheduled.market_change_scheduled.effective_at_ms = pending.effective_at_ms;
    const auto* next = reinterpret_cast<const char*>(&pending.spec);
    sink.on_event(scheduled, std::string_view(next, sizeof(MarketSpec)));
  }
  Event status(EventType::market_status, 0, market.id(), kNoCommand);
  status.market_status.mode = market.perpetual().mode;
  status.market_status.is_stale = market.perpetual().is_stale;
  status.market_status.is_breaker_open = market.perpetual().is_breaker_open;
  sink.on_event(status, {});
  Event fund(EventType::fund_changed, 0, market.id(), kNoCommand);
  fund.fund_changed.base = market.fund().base;
  fund.fund_changed.entry_notional = market.fund().entry_notional;
  fund.fund_changed.margin = market.fund().margin;
  fund.fund_changed.bad_debt = market.perpetual().bad_debt;
  sink.on_event(fund, {});
  const FundingSamples& samples = market.perpetual().funding;
  if (samples.count > 0) {
    Event sampled(EventType::premium_sampled, 0, market.id(), kNoCommand);
    sampled.premium_sampled.sum_ppb = static_cast<int64_t>(samples.sum_ppb);
    sampled.premium_sampled.count = samples.count;
    sink.on_event(sampled, {});
  }
  if (market.index() == Price(0)) return;
  Event price(EventType::price_updated, 0, market.id(), kNoCommand);
  price.price_updated.index = market.index();
  price.price_updated.mark = market.mark();
  price.price_updated.source_time_ms = market.price_time_ms();
  sink.on_event(price, {});
}

void describe_account(AgentId agent, const Accounts& accounts, DescribeSink& sink) {
  const Account& account = accounts.get(agent);
  Event event(EventType::account_changed, agent, kNoMarket, kNoCommand);
  event.header.agent_sequence = account.agent_sequence;
  event.account_changed.free = account.free;
  event.account_changed.reserved = account.reserved;
  event.account_changed.position_margin = account.position_margin;
  sink.on_event(event, {});
  Event bounds(EventType::account_described, agent, kNoMarket, kNoCommand);
  bounds.account_described.paid_in = accounts.paid_in(agent);
  bounds.account_described.faucet_window_start_ms = account.faucet_window_start_ms;
  bounds.account_described.faucet_claimed = account.faucet_claimed;
  bounds.account_described.onchain_withdrawn_at_ms = accounts.onchain_withdrawn_at_ms(agent);
  sink.on_event(bounds, {});
}

void describe_risk(const AgentRisk& risk, DescribeSink& sink) {
  Event limits(EventType::risk_limits_changed, risk.id, kNoMarket, kNoCommand);
  limits.risk_limits_changed.limits = risk.limits;
  sink.on_event(limits, {});
  if (risk.day < 0) return;
  Event day(EventType::risk_day_started, risk.id, kNoMarket, kNoCommand);
  day.risk_day_started.day = risk.day;
  day.risk_day_started.start = risk.start;
  sink.on_event(day, {});
}

void describe_settings(const Market& market, AgentId agent, uint16_t leverage, DescribeSink& sink) {
  const bool is_netting = market.is_netting(agent);
  if (leverage == 0 && !is_netting) return;
  Event event(EventType::settings_changed, agent, market.id(), kNoCommand);
  event.settings_changed.leverage =
      leverage == 0 ? static_cast<uint16_t>(market.spec().default_leverage) : leverage;
  event.settings_changed.netting = is_netting ? 1 : 0;
  sink.on_event(event, {});
}

}  // namespace

BatchNumber Engine::last_batch() const { return impl_->last_batch; }
int64_t Engine::log_time_ms() const { return impl_->log_time_ms; }
uint64_t Engine::next_event_sequence() const { return impl_->next_event; }

StreamPosition Engine::stream_position(uint16_t stream) const {
  return impl_->ledger.stream_position(stream);
}

int64_t Engine::next_deadline_ms() const {
  int64_t deadline_ms = INT64_MAX;
  for (const auto& market : impl_->markets) {
    deadline_ms = std::min(deadline_ms, market->next_deadline_ms());
  }
  return deadline_ms;
}

uint64_t Engine::state_hash() const {
  HashSink sink;
  save(sink);
  return sink.value();
}

void Engine::save(ByteSink& sink) const {
  write_value(sink, impl_->last_batch);
  write_value(sink, impl_->log_time_ms);
  write_value(sink, impl_->next_event);
  impl_->ledger.save(sink);
  write_value(sink, static_cast<uint64_t>(impl_->markets.size()));
  for (const auto& market : impl_->markets) {
    write_value(sink, market->spec());
    market->save(sink);
  }
}

bool Engine::load(ByteSource& source) {
  PERPETUA_ASSERT(impl_->last_batch == 0);
  uint64_t count = 0;
  if (!read_value(source, impl_->last_batch) || !read_value(source, impl_->log_time_ms) ||
      !read_value(source, impl_->next_event) || !impl_->ledger.load(source) ||
      !read_value(source, count) || count > limits::kMarketsMax ||
      count != impl_->ledger.market_count()) {
    return false;
  }
  for (uint64_t i = 0; i < count; ++i) {
    MarketSpec spec;
    if (!read_value(source, spec) || !is_valid(spec)) return false;
    impl_->markets.push_back(
        std::make_unique<Market>(static_cast<MarketId>(i), spec, impl_->ledger.seed()));
    if (!impl_->markets.back()->load(source)) return false;
    impl_->views.push_back(impl_->markets.back()->view());
  }
  return true;
}

void Engine::describe(DescribeSink& sink) const {
  const Ledger& ledger = impl_->ledger;
  const uint32_t agents = ledger.accounts().agent_count();
  const MoneyTotals& totals = ledger.accounts().totals();
  Event money(EventType::money_described, 0, kNoMarket, kNoCommand);
  money.money_described.deposits = totals.deposits;
  money.money_described.withdrawals = totals.withdrawals;
  money.money_described.fees = totals.fees;
  sink.on_event(money, {});
  for (const auto& market : impl_->markets) describe_market(*market, sink);
  for (AgentId agent = 1; agent <= agents; ++agent) {
    describe_agent(agent, ledger.registry().profile(agent), sink);
  }
  for (const ApiKey& key : ledger.registry().keys()) {
    describe_key(key, ledger.registry().key_name(key.key_id), sink);
    describe_key_limits(key, ledger.key_limits(), sink);
  }
  for (AgentId agent = 1; agent <= agents; ++agent) {
    describe_account(agent, ledger.accounts(), sink);
    const AgentRisk* risk = ledger.risk().find(agent);
    if (risk != nullptr) describe_risk(*risk, sink);
  }
  std::vector<Event> events;
  for (const auto& market : impl_->markets) {
    for (AgentId agent = 1; agent <= agents; ++agent) {
      describe_settings(*market, agent, ledger.leverage_setting(agent, market->id()), sink);
    }
    market->describe_positions(events);
  }
  for (const auto& market : impl_->markets) market->describe_orders(events);
  for (const auto& market : impl_->markets) market->describe_waiting(events);
  for (const auto& market : impl_->markets) market->describe_signals(events);
  for (const Event& event : events) sink.on_event(event, {});
}

void Engine::check_invariants() const {
  const Accounts& accounts = impl_->ledger.accounts();
  impl_->ledger.check_invariants();
  impl_->assert_money();
  std::vector<Micro> reserved(accounts.agent_count() + 1), margins(accounts.agent_count() + 1);
  for (const auto& market : impl_->markets) {
    market->check_invariants();
    market->add_collateral_in_use(reserved, margins);
  }
  for (AgentId agent = 1; agent <= accounts.agent_count(); ++agent) {
    PERPETUA_ASSERT(accounts.get(agent).reserved == reserved[agent]);
    PERPETUA_ASSERT(accounts.get(agent).position_margin == margins[agent]);
  }
}

}  // namespace perpetua
