// Rows of the perpetual: columns, binding and reading. The tables are in history_schema.cpp.

#include <cstring>

#include "stores/history/history_schema.hpp"
#include "stores/history/row_values.hpp"

namespace perpetua::stores {

namespace {

AgentId next_agent(ValueSource& s) { return static_cast<AgentId>(s.next_int()); }
MarketId next_market(ValueSource& s) { return static_cast<MarketId>(s.next_int()); }
Micro next_micro(ValueSource& s) { return Micro(s.next_int()); }
Lots next_lots(ValueSource& s) { return Lots(s.next_int()); }
Price next_price(ValueSource& s) { return Price(s.next_int()); }

}  // namespace

const char kFundingColumns[] =
    "sequence, market, hour, rate, average_premium, samples, index_price, due, received, time_ms";
const char kFundingPaymentColumns[] =
    "sequence, agent, market, hour, rate, index_price, amount, base, margin, time_ms";
const char kLiquidationColumns[] =
    "sequence, market, agent, step, lots, value, fee, base, equity, maintenance, mark, time_ms";
const char kFundChangeColumns[] =
    "sequence, market, base, entry_notional, margin, bad_debt, time_ms";
const char kPositionChangeColumns[] =
    "sequence, agent, market, cause, lots, value, amount, base, entry_notional, margin,"
    " realised_pnl, score, place, counterparty, time_ms";

const char kMarketChangeColumns[] =
    "sequence, market, spec, effective_at_ms, announced_at_ms, applied_at_ms";

void bind_funding(ValueSink& s, const FundingView& f) {
  const FundingSettled& funding = f.funding;
  s.bind(signed_of(f.sequence)).bind(f.market).bind(funding.hour).bind(funding.rate_ppb);
  s.bind(funding.average_premium_ppb).bind(funding.samples).bind(funding.index.value);
  s.bind(funding.due.value).bind(funding.received.value).bind(f.time_ms);
}

FundingView read_funding(ValueSource& s) {
  FundingView f;
  f.sequence = next_id(s);
  f.market = next_market(s);
  f.funding.hour = s.next_int();
  f.funding.rate_ppb = s.next_int();
  f.funding.average_premium_ppb = s.next_int();
  f.funding.samples = s.next_int();
  f.funding.index = next_price(s);
  f.funding.due = next_micro(s);
  f.funding.received = next_micro(s);
  f.time_ms = s.next_int();
  return f;
}

void bind_funding_payment(ValueSink& s, const FundingPaymentView& p) {
  s.bind(signed_of(p.sequence)).bind(p.agent).bind(p.market).bind(p.hour).bind(p.rate_ppb);
  s.bind(p.index.value).bind(p.amount.value).bind(p.base.value).bind(p.margin.value);
  s.bind(p.time_ms);
}

FundingPaymentView read_funding_payment(ValueSource& s) {
  FundingPaymentView p;
  p.sequence = next_id(s);
  p.agent = next_agent(s);
  p.market = next_market(s);
  p.hour = s.next_int();
  p.rate_ppb = s.next_int();
  p.index = next_price(s);
  p.amount = next_micro(s);
  p.base = next_lots(s);
  p.margin = next_micro(s);
  p.time_ms = s.next_int();
  return p;
}

void bind_liquidation(ValueSink& s, const LiquidationView& l) {
  const Liquidation& step = l.step;
  s.bind(signed_of(l.sequence)).bind(l.market).bind(l.agent);
  s.bind(static_cast<int64_t>(step.step)).bind(step.lots.value).bind(step.value.value);
  s.bind(step.fee.value).bind(step.base.value).bind(step.equity.value);
  s.bind(step.maintenance.value).bind(step.mark.value).bind(l.time_ms);
}

LiquidationView read_liquidation(ValueSource& s) {
  LiquidationView l;
  l.sequence = next_id(s);
  l.market = next_market(s);
  l.agent = next_agent(s);
  l.step.step = s.next_enum<LiquidationStep>();
  l.step.lots = next_lots(s);
  l.step.value = next_micro(s);
  l.step.fee = next_micro(s);
  l.step.base = next_lots(s);
  l.step.equity = next_micro(s);
  l.step.maintenance = next_micro(s);
  l.step.mark = next_price(s);
  l.time_ms = s.next_int();
  return l;
}

void bind_fund_change(ValueSink& s, const FundChangeView& c) {
  s.bind(signed_of(c.sequence)).bind(c.market).bind(c.fund.base.value);
  s.bind(c.fund.entry_notional.value).bind(c.fund.margin.value).bind(c.fund.bad_debt.value);
  s.bind(c.time_ms);
}

FundChangeView read_fund_change(ValueSource& s) {
  FundChangeView c;
  c.sequence = next_id(s);
  c.market = next_market(s);
  c.fund.base = next_lots(s);
  c.fund.entry_notional = next_micro(s);
  c.fund.margin = next_micro(s);
  c.fund.bad_debt = next_micro(s);
  c.time_ms = s.next_int();
  return c;
}

void bind_position_change(ValueSink& s, const PositionChangeView& p) {
  const PositionChanged& change = p.change;
  s.bind(signed_of(p.sequence)).bind(p.agent).bind(p.market);
  s.bind(static_cast<int64_t>(change.cause)).bind(change.lots.value).bind(change.value.value);
  s.bind(change.amount.value).bind(change.base.value).bind(change.entry_notional.value);
  s.bind(change.margin.value).bind(change.realised_pnl_total.value).bind(change.score_ppm);
  s.bind(change.rank).bind(change.counterparty).bind(p.time_ms);
}

PositionChangeView read_position_change(ValueSource& s) {
  PositionChangeView p;
  p.sequence = next_id(s);
  p.agent = next_agent(s);
  p.market = next_market(s);
  p.change.cause = s.next_enum<PositionChange>();
  p.change.lots = next_lots(s);
  p.change.value = next_micro(s);
  p.change.amount = next_micro(s);
  p.change.base = next_lots(s);
  p.change.entry_notional = next_micro(s);
  p.change.margin = next_micro(s);
  p.change.realised_pnl_total = next_micro(s);
  p.change.score_ppm = s.next_int();
  p.change.rank = static_cast<uint32_t>(s.next_int());
  p.change.counterparty = next_agent(s);
  p.time_ms = s.next_int();
  return p;
}

void bind_market_change(ValueSink& s, const MarketChangeView& c) {
  const std::string_view bytes(reinterpret_cast<const char*>(&c.spec), sizeof c.spec);
  s.bind(signed_of(c.sequence)).bind(c.market).bind_blob(bytes).bind(c.effective_at_ms);
  s.bind(c.announced_at_ms).bind(c.applied_at_ms);
}

// A row whose contract has another size is not of this schema: it reads as an empty one.
MarketChangeView read_market_change(ValueSource& s) {
  MarketChangeView c;
  c.sequence = next_id(s);
  c.market = next_market(s);
  const std::string bytes = s.next_text();
  if (bytes.size() == sizeof c.spec) {
    std::memcpy(static_cast<void*>(&c.spec), bytes.data(), sizeof c.spec);
  }
  c.effective_at_ms = s.next_int();
  c.announced_at_ms = s.next_int();
  c.applied_at_ms = s.next_int();
  return c;
}

}  // namespace perpetua::stores
