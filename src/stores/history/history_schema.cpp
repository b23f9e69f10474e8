#include "stores/history/history_schema.hpp"

#include <cstring>

#include "stores/history/row_values.hpp"

namespace perpetua::stores {

namespace {

std::string_view bytes_of(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

const char kOrderColumns[] =
    "sequence, order_id, agent, market, side, kind, time_in_force, post_only, stp, status, reason,"
    " flags, leverage, price, lots, filled, remaining, budget, filled_notional, fee,"
    " expires_at_ms, accepted_at_ms, updated_at_ms, client_id, stop_loss, take_profit,"
    " intent_reason";
const char kFillColumns[] =
    "sequence, trade_id, order_id, agent, counterparty, market, side, is_taker, is_intent, cause,"
    " price, lots, notional, fee, realised_pnl, position_base, time_ms";
const char kLedgerColumns[] =
    "sequence, agent, counterparty, kind, amount, free_after, time_ms, is_onchain, claim";
const char kThoughtColumns[] = "thought_id, agent, market, time_ms, text, metadata";
const char kCandleColumns[] =
    "open_time_ms, open, high, low, close, volume, volume_notional, trades";
const char kAgentColumns[] = "id, wallet, display_name, bio, registered_at_ms, twitter_handle";

void bind_order(ValueSink& s, const OrderView& o) {
  s.bind(signed_of(o.sequence)).bind(signed_of(o.order_id)).bind(o.agent).bind(o.market);
  s.bind(number(o.side)).bind(number(o.kind)).bind(number(o.time_in_force));
  s.bind(number(o.post_only)).bind(number(o.stp)).bind(number(o.status)).bind(number(o.reason));
  s.bind(o.flags).bind(o.leverage).bind(o.price.value).bind(o.lots.value).bind(o.filled.value);
  s.bind(o.remaining.value).bind(o.budget.value).bind(o.filled_notional.value).bind(o.fee.value);
  s.bind(o.expires_at_ms).bind(o.accepted_at_ms).bind(o.updated_at_ms);
  s.bind_blob(client_id_view(o.client_id)).bind(o.stop_loss.value).bind(o.take_profit.value);
  s.bind_text(o.intent_reason);
}

OrderView read_order(ValueSource& s) {
  OrderView o;
  o.sequence = next_id(s);
  o.order_id = next_id(s);
  o.agent = static_cast<AgentId>(s.next_int());
  o.market = static_cast<MarketId>(s.next_int());
  o.side = s.next_enum<Side>();
  o.kind = s.next_enum<OrderKind>();
  o.time_in_force = s.next_enum<TimeInForce>();
  o.post_only = s.next_enum<PostOnly>();
  o.stp = s.next_enum<SelfTradePrevention>();
  o.status = s.next_enum<OrderStatus>();
  o.reason = s.next_enum<CloseReason>();
  o.flags = static_cast<uint8_t>(s.next_int());
  o.leverage = static_cast<uint16_t>(s.next_int());
  o.price = Price(s.next_int());
  o.lots = Lots(s.next_int());
  o.filled = Lots(s.next_int());
  o.remaining = Lots(s.next_int());
  o.budget = Micro(s.next_int());
  o.filled_notional = Micro(s.next_int());
  o.fee = Micro(s.next_int());
  o.expires_at_ms = s.next_int();
  o.accepted_at_ms = s.next_int();
  o.updated_at_ms = s.next_int();
  o.client_id = make_client_id(s.next_text());
  o.stop_loss = Price(s.next_int());
  o.take_profit = Price(s.next_int());
  o.intent_reason = s.next_text();
  return o;
}

void bind_fill(ValueSink& s, const FillView& f) {
  s.bind(signed_of(f.sequence)).bind(signed_of(f.trade_id)).bind(signed_of(f.order_id));
  s.bind(f.agent).bind(f.counterparty).bind(f.market).bind(number(f.side)).bind(f.is_taker);
  s.bind(f.is_intent).bind(number(f.cause));
  s.bind(f.price.value).bind(f.lots.value).bind(f.notional.value).bind(f.fee.value);
  s.bind(f.realised_pnl.value).bind(f.position_base.value).bind(f.time_ms);
}

FillView read_fill(ValueSource& s) {
  FillView f;
  f.sequence = next_id(s);
  f.trade_id = next_id(s);
  f.order_id = next_id(s);
  f.agent = static_cast<AgentId>(s.next_int());
  f.counterparty = static_cast<AgentId>(s.next_int());
  f.market = static_cast<MarketId>(s.next_int());
  f.side = s.next_enum<Side>();
  f.is_taker = s.next_int() != 0;
  f.is_intent = s.next_int() != 0;
  f.cause = s.next_enum<TradeCause>();
  f.price = Price(s.next_int());
  f.lots = Lots(s.next_int());
  f.notional = Micro(s.next_int());
  f.fee = Micro(s.next_int());
  f.realised_pnl = Micro(s.next_int());
  f.position_base = Lots(s.next_int());
  f.time_ms = s.next_int();
  return f;
}

void bind_ledger_entry(ValueSink& s, const LedgerEntryView& e) {
  s.bind(signed_of(e.sequence)).bind(e.agent).bind(e.counterparty).bind(number(e.kind));
  s.bind(e.amount.value).bind(e.free_after.value).bind(e.time_ms).bind(e.is_onchain);
  s.bind_blob(e.claim == Sha256{} ? std::string_view{} : bytes_of(e.claim));
}

LedgerEntryView read_ledger_entry(ValueSource& s) {
  LedgerEntryView e;
  e.sequence = next_id(s);
  e.agent = static_cast<AgentId>(s.next_int());
  e.counterparty = static_cast<AgentId>(s.next_int());
  e.kind = s.next_enum<LedgerEntryKind>();
  e.amount = Micro(s.next_int());
  e.free_after = Micro(s.next_int());
  e.time_ms = s.next_int();
  e.is_onchain = s.next_int() != 0;
  const std::string claim = s.next_text();
  if (claim.size() == e.claim.size()) std::memcpy(e.claim.data(), claim.data(), claim.size());
  return e;
}

void bind_thought(ValueSink& s, const ThoughtView& t) {
  s.bind(signed_of(t.thought_id)).bind(t.agent).bind(t.market).bind(t.time_ms);
  s.bind_text(t.text).bind_text(t.metadata);
}

ThoughtView read_thought(ValueSource& s) {
  ThoughtView t;
  t.thought_id = next_id(s);
  t.agent = static_cast<AgentId>(s.next_int());
  t.market = static_cast<MarketId>(s.next_int());
  t.time_ms = s.next_int();
  t.text = s.next_text();
  t.metadata = s.next_text();
  return t;
}

void bind_agent(ValueSink& s, const AgentView& a) {
  s.bind(a.id).bind_text(a.wallet).bind_text(a.display_name).bind_text(a.bio);
  s.bind(a.registered_at_ms).bind_text(a.twitter_handle);
}

AgentView read_agent(ValueSource& s) {
  AgentView a;
  a.id = static_cast<AgentId>(s.next_int());
  a.wallet = s.next_text();
  a.display_name = s.next_text();
  a.bio = s.next_text();
  a.registered_at_ms = s.next_int();
  a.twitter_handle = s.next_text();
  return a;
}

void bind_candle(ValueSink& s, const CandleView& c) {
  s.bind(c.open_time_ms).bind(c.open.value).bind(c.high.value).bind(c.low.value);
  s.bind(c.close.value).bind(c.volume.value).bind(c.volume_notional.value);
  s.bind(signed_of(c.trades));
}

CandleView read_candle(ValueSource& s) {
  CandleView c;
  c.open_time_ms = s.next_int();
  c.open = Price(s.next_int());
  c.high = Price(s.next_int());
  c.low = Price(s.next_int());
  c.close = Price(s.next_int());
  c.volume = Lots(s.next_int());
  c.volume_notional = Micro(s.next_int());
  c.trades = next_id(s);
  return c;
}

}  // namespace perpetua::stores
