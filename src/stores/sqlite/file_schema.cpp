#include "stores/sqlite/file_schema.hpp"

namespace perpetua::stores {

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

}  // namespace perpetua::stores
