#include "stores/sqlite/history_schema.hpp"

#include <cstring>

namespace perpetua::stores {

namespace {

int64_t signed_of(uint64_t value) { return static_cast<int64_t>(value); }

template <class Enum>
int64_t number(Enum value) {
  return static_cast<int64_t>(value);
}

uint64_t next_id(ValueSource& s) { return static_cast<uint64_t>(s.next_int()); }

std::string_view bytes_of(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

// An index on (agent) holds the rowid too, and the rowid is the sort key: it serves pages of one
// agent, newest first, without sorting.
const char kHistoryTables[] = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE markets(id INTEGER PRIMARY KEY, spec BLOB NOT NULL);
CREATE TABLE agents(id INTEGER PRIMARY KEY, wallet TEXT, display_name TEXT, bio TEXT,
  registered_at_ms INTEGER, twitter_handle TEXT);
CREATE TABLE orders(sequence INTEGER PRIMARY KEY, order_id INTEGER, agent INTEGER, market INTEGER,
  side INTEGER, kind INTEGER, time_in_force INTEGER, post_only INTEGER, stp INTEGER,
  status INTEGER, reason INTEGER, flags INTEGER, leverage INTEGER, price INTEGER, lots INTEGER,
  filled INTEGER, remaining INTEGER, budget INTEGER, filled_notional INTEGER, fee INTEGER,
  expires_at_ms INTEGER, accepted_at_ms INTEGER, updated_at_ms INTEGER, client_id BLOB,
  stop_loss INTEGER, take_profit INTEGER, intent_reason TEXT);
CREATE UNIQUE INDEX orders_by_id ON orders(order_id);
CREATE INDEX orders_by_agent ON orders(agent);
CREATE INDEX orders_of_intents ON orders(sequence) WHERE (flags & 4) <> 0;
CREATE INDEX orders_open ON orders(order_id) WHERE status IN (1, 2);
CREATE INDEX orders_by_client_id ON orders(agent, client_id) WHERE client_id IS NOT NULL;
CREATE TABLE fills(sequence INTEGER PRIMARY KEY, trade_id INTEGER, order_id INTEGER,
  agent INTEGER, counterparty INTEGER, market INTEGER, side INTEGER, is_taker INTEGER,
  is_intent INTEGER, cause INTEGER, price INTEGER, lots INTEGER, notional INTEGER, fee INTEGER,
  realised_pnl INTEGER, position_base INTEGER, time_ms INTEGER);
CREATE INDEX fills_by_agent ON fills(agent);
CREATE INDEX fills_of_intents ON fills(order_id) WHERE is_intent = 1;
CREATE INDEX trades ON fills(market, trade_id) WHERE is_taker = 1;
CREATE TABLE ledger(sequence INTEGER PRIMARY KEY, agent INTEGER, counterparty INTEGER,
  kind INTEGER, amount INTEGER, free_after INTEGER, time_ms INTEGER, is_onchain INTEGER,
  claim BLOB);
CREATE INDEX ledger_by_agent ON ledger(agent);
CREATE TABLE thoughts(thought_id INTEGER PRIMARY KEY, agent INTEGER, market INTEGER,
  time_ms INTEGER, text TEXT, metadata TEXT);
CREATE INDEX thoughts_by_agent ON thoughts(agent);
CREATE TABLE messages(message_id INTEGER PRIMARY KEY, agent INTEGER, to_agent INTEGER,
  market INTEGER, time_ms INTEGER, kind INTEGER, text TEXT, metadata TEXT);
CREATE TABLE signals(id INTEGER PRIMARY KEY, closed_sequence INTEGER, creator INTEGER,
  market INTEGER, kind INTEGER, target INTEGER, stake INTEGER, created_mark INTEGER,
  created_at_ms INTEGER, expires_at_ms INTEGER, fader INTEGER, matched_at_ms INTEGER,
  ending INTEGER, settlement_mark INTEGER, winner INTEGER, payout INTEGER, fee INTEGER,
  closed_at_ms INTEGER);
CREATE INDEX signals_by_closing ON signals(closed_sequence);
CREATE TABLE candles(market INTEGER, interval INTEGER, open_time_ms INTEGER, open INTEGER,
  high INTEGER, low INTEGER, close INTEGER, volume INTEGER, volume_notional INTEGER,
  trades INTEGER, PRIMARY KEY(market, interval, open_time_ms)) WITHOUT ROWID;
CREATE TABLE fundings(sequence INTEGER PRIMARY KEY, market INTEGER, hour INTEGER, rate INTEGER,
  average_premium INTEGER, samples INTEGER, index_price INTEGER, due INTEGER, received INTEGER,
  time_ms INTEGER);
CREATE INDEX fundings_by_market ON fundings(market);
CREATE TABLE funding_payments(sequence INTEGER PRIMARY KEY, agent INTEGER, market INTEGER,
  hour INTEGER, rate INTEGER, index_price INTEGER, amount INTEGER, base INTEGER, margin INTEGER,
  time_ms INTEGER);
CREATE INDEX funding_payments_by_agent ON funding_payments(agent);
CREATE TABLE liquidations(sequence INTEGER PRIMARY KEY, market INTEGER, agent INTEGER,
  step INTEGER, lots INTEGER, value INTEGER, fee INTEGER, base INTEGER, equity INTEGER,
  maintenance INTEGER, mark INTEGER, time_ms INTEGER);
CREATE INDEX liquidations_by_market ON liquidations(market);
CREATE INDEX liquidations_by_agent ON liquidations(agent);
CREATE TABLE fund_changes(sequence INTEGER PRIMARY KEY, market INTEGER, base INTEGER,
  entry_notional INTEGER, margin INTEGER, bad_debt INTEGER, time_ms INTEGER);
CREATE INDEX fund_changes_by_market ON fund_changes(market);
CREATE TABLE position_changes(sequence INTEGER PRIMARY KEY, agent INTEGER, market INTEGER,
  cause INTEGER, lots INTEGER, value INTEGER, amount INTEGER, base INTEGER,
  entry_notional INTEGER, margin INTEGER, realised_pnl INTEGER, score INTEGER, place INTEGER,
  counterparty INTEGER, time_ms INTEGER);
CREATE INDEX position_changes_by_agent ON position_changes(agent);
CREATE TABLE triggers(trigger_id INTEGER PRIMARY KEY, closed_sequence INTEGER, agent INTEGER,
  market INTEGER, partner_id INTEGER, parent_id INTEGER, order_id INTEGER, at INTEGER,
  limit_price INTEGER, lots INTEGER, reserved INTEGER, trail INTEGER, slippage INTEGER,
  leverage INTEGER, side INTEGER, kind INTEGER, status INTEGER, is_protective INTEGER,
  is_market INTEGER, created_at_ms INTEGER, updated_at_ms INTEGER, reason INTEGER, code INTEGER,
  mark INTEGER);
CREATE INDEX triggers_by_agent ON triggers(agent, closed_sequence);
CREATE INDEX triggers_by_closing ON triggers(closed_sequence);
CREATE INDEX triggers_by_parent ON triggers(parent_id) WHERE parent_id <> 0;
CREATE INDEX triggers_by_order ON triggers(order_id) WHERE order_id <> 0;
CREATE TABLE position_ends(sequence INTEGER PRIMARY KEY, agent INTEGER, market INTEGER,
  cause INTEGER, side INTEGER, order_id INTEGER, time_ms INTEGER);
CREATE INDEX position_ends_by_agent ON position_ends(agent, market);
CREATE INDEX deleveragings ON position_changes(sequence) WHERE cause = 3;
CREATE TABLE market_changes(sequence INTEGER PRIMARY KEY, market INTEGER, spec BLOB,
  effective_at_ms INTEGER, announced_at_ms INTEGER, applied_at_ms INTEGER);
CREATE INDEX market_changes_by_market ON market_changes(market);
CREATE TABLE violations(number INTEGER PRIMARY KEY, agent INTEGER, market INTEGER, kind INTEGER,
  value INTEGER, allowed INTEGER, time_ms INTEGER);
CREATE INDEX violations_by_agent ON violations(agent);
)sql";

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
