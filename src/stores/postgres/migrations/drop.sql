-- What the numbered steps have made: for `perpetua db rebuild`. A hypertable is dropped alone.
DROP TABLE IF EXISTS fills CASCADE;
DROP TABLE IF EXISTS trades CASCADE;
DROP TABLE IF EXISTS thoughts CASCADE;
DROP TABLE IF EXISTS candles CASCADE;
DROP TABLE IF EXISTS prices CASCADE;
DROP TABLE IF EXISTS equity CASCADE;
DROP TABLE IF EXISTS meta, markets, agents, orders, ledger, fundings, funding_payments,
  liquidations, fund_changes, position_changes, triggers, position_ends, market_changes, positions, messages,
  signals, violations,
  ledger_entries, accounts, schema_migrations;
DROP FUNCTION IF EXISTS perpetua_make_series(text, text, text);
DROP FUNCTION IF EXISTS perpetua_add_partition(text, bigint);
DROP FUNCTION IF EXISTS perpetua_drop_before(text, bigint);
DROP FUNCTION IF EXISTS perpetua_bucket(bigint, bigint);
DROP FUNCTION IF EXISTS perpetua_has_timescale();
DROP FUNCTION IF EXISTS perpetua_partition_ms();
