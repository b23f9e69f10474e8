-- The tables of docs/postgres.md. Numbers are the exchange's own integers: prices in ticks, lots,
-- micro-USDC, milliseconds since 1970; codes as in docs/postgres.md.

CREATE TABLE meta(name text PRIMARY KEY, value bigint NOT NULL);
INSERT INTO meta VALUES ('applied_batch', 0);

-- One week of a time series is one hypertable chunk, or one partition <table>_p<number>.
CREATE FUNCTION perpetua_partition_ms() RETURNS bigint
  LANGUAGE sql IMMUTABLE AS 'SELECT 604800000::bigint';

CREATE FUNCTION perpetua_has_timescale() RETURNS boolean LANGUAGE sql STABLE
  AS $$ SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') $$;

CREATE FUNCTION perpetua_make_series(series text, columns text, time_column text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF perpetua_has_timescale() THEN
    EXECUTE format('CREATE TABLE %I(%s)', series, columns);
    EXECUTE format('SELECT create_hypertable(%L, %L, chunk_time_interval => %s::bigint,'
                   ' create_default_indexes => false)',
                   series, time_column, perpetua_partition_ms());
  ELSE
    EXECUTE format('CREATE TABLE %I(%s) PARTITION BY RANGE (%I)', series, columns, time_column);
  END IF;
END
$$;

-- The partition of a time, if it is not there yet. Hypertables make their own.
CREATE FUNCTION perpetua_add_partition(series text, number bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF perpetua_has_timescale() THEN RETURN; END IF;
  IF to_regclass(format('%I', series || '_p' || number)) IS NOT NULL THEN RETURN; END IF;
  EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%s) TO (%s)',
                 series || '_p' || number, series, number * perpetua_partition_ms(),
                 (number + 1) * perpetua_partition_ms());
END
$$;

-- Drops what is wholly older than a time; how many chunks or partitions that were.
CREATE FUNCTION perpetua_drop_before(series text, time_ms bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  dropped bigint := 0;
  part record;
BEGIN
  IF perpetua_has_timescale() THEN
    EXECUTE format('SELECT count(*) FROM drop_chunks(%L, older_than => %s::bigint)', series, time_ms)
      INTO dropped;
    RETURN dropped;
  END IF;
  FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
              WHERE i.inhparent = series::regclass LOOP
    IF (substring(part.relname FROM '_p(-?[0-9]+)$')::bigint + 1) * perpetua_partition_ms() <= time_ms
    THEN
      EXECUTE format('DROP TABLE %I', part.relname);
      dropped := dropped + 1;
    END IF;
  END LOOP;
  RETURN dropped;
END
$$;

-- The start of the bucket a time lies in: time_bucket where there is TimescaleDB.
DO $$
BEGIN
  IF perpetua_has_timescale() THEN
    CREATE FUNCTION perpetua_bucket(width_ms bigint, time_ms bigint) RETURNS bigint
      LANGUAGE sql IMMUTABLE AS 'SELECT time_bucket(width_ms, time_ms)';
  ELSE
    CREATE FUNCTION perpetua_bucket(width_ms bigint, time_ms bigint) RETURNS bigint
      LANGUAGE sql IMMUTABLE AS 'SELECT time_ms - ((time_ms % width_ms) + width_ms) % width_ms';
  END IF;
END
$$;

CREATE TABLE markets(id smallint PRIMARY KEY, spec bytea NOT NULL);

CREATE TABLE agents(id bigint PRIMARY KEY, wallet text NOT NULL, display_name text NOT NULL,
  bio text NOT NULL, registered_at_ms bigint NOT NULL, twitter_handle text NOT NULL);

CREATE TABLE orders(sequence bigint PRIMARY KEY, order_id bigint NOT NULL, agent bigint NOT NULL,
  market smallint NOT NULL, side smallint NOT NULL, kind smallint NOT NULL,
  time_in_force smallint NOT NULL, post_only smallint NOT NULL, stp smallint NOT NULL,
  status smallint NOT NULL, reason smallint NOT NULL, flags smallint NOT NULL,
  leverage integer NOT NULL, price bigint NOT NULL, lots bigint NOT NULL, filled bigint NOT NULL,
  remaining bigint NOT NULL, budget bigint NOT NULL, filled_notional bigint NOT NULL,
  fee bigint NOT NULL, expires_at_ms bigint NOT NULL, accepted_at_ms bigint NOT NULL,
  updated_at_ms bigint NOT NULL, client_id bytea, stop_loss bigint NOT NULL,
  take_profit bigint NOT NULL, intent_reason text NOT NULL) WITH (fillfactor = 80);
CREATE UNIQUE INDEX orders_by_id ON orders(order_id);
CREATE INDEX orders_by_agent ON orders(agent, sequence);
CREATE INDEX orders_open ON orders(order_id) WHERE status IN (1, 2);
CREATE INDEX orders_of_intents ON orders(sequence) WHERE (flags & 4) <> 0;
CREATE INDEX orders_by_client_id ON orders(agent, client_id) WHERE client_id IS NOT NULL;

SELECT perpetua_make_series('fills', 'sequence bigint NOT NULL, trade_id bigint NOT NULL,
  order_id bigint NOT NULL, agent bigint NOT NULL, counterparty bigint NOT NULL,
  market smallint NOT NULL, side smallint NOT NULL, is_taker smallint NOT NULL,
  is_intent smallint NOT NULL, cause smallint NOT NULL, price bigint NOT NULL,
  lots bigint NOT NULL, notional bigint NOT NULL, fee bigint NOT NULL,
  realised_pnl bigint NOT NULL, position_base bigint NOT NULL, time_ms bigint NOT NULL,
  PRIMARY KEY (sequence, time_ms)', 'time_ms');
CREATE INDEX fills_by_agent ON fills(agent, sequence);
CREATE INDEX fills_of_intents ON fills(order_id, sequence) WHERE is_intent = 1;
CREATE INDEX fills_of_takers ON fills(market, trade_id) WHERE is_taker = 1;

-- The public side of each trade; also the taker's rows of fills.
SELECT perpetua_make_series('trades', 'market smallint NOT NULL, trade_id bigint NOT NULL,
  sequence bigint NOT NULL, price bigint NOT NULL, lots bigint NOT NULL,
  notional bigint NOT NULL, side smallint NOT NULL, cause smallint NOT NULL,
  taker bigint NOT NULL, maker bigint NOT NULL, time_ms bigint NOT NULL,
  PRIMARY KEY (market, trade_id, time_ms)', 'time_ms');

CREATE TABLE ledger(sequence bigint PRIMARY KEY, agent bigint NOT NULL,
  counterparty bigint NOT NULL, kind smallint NOT NULL, amount bigint NOT NULL,
  free_after bigint NOT NULL, time_ms bigint NOT NULL, is_onchain smallint NOT NULL,
  claim bytea);
CREATE INDEX ledger_by_agent ON ledger(agent, sequence);

SELECT perpetua_make_series('thoughts', 'thought_id bigint NOT NULL, agent bigint NOT NULL,
  market smallint NOT NULL, time_ms bigint NOT NULL, text text NOT NULL,
  metadata text NOT NULL, PRIMARY KEY (thought_id, time_ms)', 'time_ms');
CREATE INDEX thoughts_by_agent ON thoughts(agent, thought_id);

-- Messages that are no thoughts; private ones among them.
CREATE TABLE messages(message_id bigint PRIMARY KEY, agent bigint NOT NULL,
  to_agent bigint NOT NULL, market smallint NOT NULL, time_ms bigint NOT NULL,
  kind smallint NOT NULL, text text NOT NULL, metadata text NOT NULL);

CREATE TABLE signals(id bigint PRIMARY KEY, closed_sequence bigint NOT NULL,
  creator bigint NOT NULL, market smallint NOT NULL, kind smallint NOT NULL,
  target bigint NOT NULL, stake bigint NOT NULL, created_mark bigint NOT NULL,
  created_at_ms bigint NOT NULL, expires_at_ms bigint NOT NULL, fader bigint NOT NULL,
  matched_at_ms bigint NOT NULL, ending smallint NOT NULL, settlement_mark bigint NOT NULL,
  winner bigint NOT NULL, payout bigint NOT NULL, fee bigint NOT NULL,
  closed_at_ms bigint NOT NULL) WITH (fillfactor = 80);
CREATE INDEX signals_by_closing ON signals(closed_sequence);

SELECT perpetua_make_series('candles', 'market smallint NOT NULL, interval smallint NOT NULL,
  open_time_ms bigint NOT NULL, open bigint NOT NULL, high bigint NOT NULL, low bigint NOT NULL,
  close bigint NOT NULL, volume bigint NOT NULL, volume_notional bigint NOT NULL,
  trades bigint NOT NULL, PRIMARY KEY (market, interval, open_time_ms)', 'open_time_ms');

CREATE TABLE fundings(sequence bigint PRIMARY KEY, market smallint NOT NULL, hour bigint NOT NULL,
  rate bigint NOT NULL, average_premium bigint NOT NULL, samples bigint NOT NULL,
  index_price bigint NOT NULL, due bigint NOT NULL, received bigint NOT NULL,
  time_ms bigint NOT NULL);
CREATE INDEX fundings_by_market ON fundings(market, sequence);

CREATE TABLE funding_payments(sequence bigint PRIMARY KEY, agent bigint NOT NULL,
  market smallint NOT NULL, hour bigint NOT NULL, rate bigint NOT NULL,
  index_price bigint NOT NULL, amount bigint NOT NULL, base bigint NOT NULL,
  margin bigint NOT NULL, time_ms bigint NOT NULL);
CREATE INDEX funding_payments_by_agent ON funding_payments(agent, sequence);

CREATE TABLE liquidations(sequence bigint PRIMARY KEY, market smallint NOT NULL,
  agent bigint NOT NULL, step smallint NOT NULL, lots bigint NOT NULL, value bigint NOT NULL,
  fee bigint NOT NULL, base bigint NOT NULL, equity bigint NOT NULL, maintenance bigint NOT NULL,
  mark bigint NOT NULL, time_ms bigint NOT NULL);
CREATE INDEX liquidations_by_market ON liquidations(market, sequence);
CREATE INDEX liquidations_by_agent ON liquidations(agent, sequence);

CREATE TABLE fund_changes(sequence bigint PRIMARY KEY, market smallint NOT NULL,
  base bigint NOT NULL, entry_notional bigint NOT NULL, margin bigint NOT NULL,
  bad_debt bigint NOT NULL, time_ms bigint NOT NULL);
CREATE INDEX fund_changes_by_market ON fund_changes(market, sequence);

CREATE TABLE position_changes(sequence bigint PRIMARY KEY, agent bigint NOT NULL,
  market smallint NOT NULL, cause smallint NOT NULL, lots bigint NOT NULL, value bigint NOT NULL,
  amount bigint NOT NULL, base bigint NOT NULL, entry_notional bigint NOT NULL,
  margin bigint NOT NULL, realised_pnl bigint NOT NULL, score bigint NOT NULL,
  place bigint NOT NULL, counterparty bigint NOT NULL, time_ms bigint NOT NULL);
CREATE INDEX position_changes_by_agent ON position_changes(agent, sequence);
CREATE INDEX deleveragings ON position_changes(sequence) WHERE cause = 3;

CREATE TABLE triggers(trigger_id bigint PRIMARY KEY, closed_sequence bigint NOT NULL,
  agent bigint NOT NULL, market smallint NOT NULL, partner_id bigint NOT NULL,
  parent_id bigint NOT NULL, order_id bigint NOT NULL, at bigint NOT NULL,
  limit_price bigint NOT NULL, lots bigint NOT NULL, reserved bigint NOT NULL,
  trail bigint NOT NULL, slippage bigint NOT NULL, leverage integer NOT NULL,
  side smallint NOT NULL, kind smallint NOT NULL, status smallint NOT NULL,
  is_protective smallint NOT NULL, is_market smallint NOT NULL, created_at_ms bigint NOT NULL,
  updated_at_ms bigint NOT NULL, reason smallint NOT NULL, code integer NOT NULL,
  mark bigint NOT NULL) WITH (fillfactor = 80);
CREATE INDEX triggers_by_agent ON triggers(agent, closed_sequence);
CREATE INDEX triggers_live ON triggers(trigger_id) WHERE closed_sequence = 0;
CREATE INDEX triggers_by_parent ON triggers(parent_id) WHERE parent_id <> 0;
CREATE INDEX triggers_by_order ON triggers(order_id) WHERE order_id <> 0;

CREATE TABLE position_ends(sequence bigint PRIMARY KEY, agent bigint NOT NULL,
  market smallint NOT NULL, cause smallint NOT NULL, side smallint NOT NULL,
  order_id bigint NOT NULL, time_ms bigint NOT NULL);
CREATE INDEX position_ends_by_agent ON position_ends(agent, market, sequence);

CREATE TABLE market_changes(sequence bigint PRIMARY KEY, market smallint NOT NULL,
  spec bytea NOT NULL, effective_at_ms bigint NOT NULL, announced_at_ms bigint NOT NULL,
  applied_at_ms bigint NOT NULL);
CREATE INDEX market_changes_by_market ON market_changes(market, sequence);

-- From its first lot to its last, one row; closed_sequence 0: open.
CREATE TABLE positions(sequence bigint PRIMARY KEY, agent bigint NOT NULL,
  market smallint NOT NULL, side smallint NOT NULL, base bigint NOT NULL,
  entry_notional bigint NOT NULL, margin bigint NOT NULL, realised_pnl bigint NOT NULL,
  fees bigint NOT NULL, funding bigint NOT NULL, fills bigint NOT NULL,
  opened_at_ms bigint NOT NULL, updated_at_ms bigint NOT NULL, closed_at_ms bigint NOT NULL,
  closed_sequence bigint NOT NULL, cause smallint NOT NULL) WITH (fillfactor = 80);
CREATE INDEX positions_by_agent ON positions(agent, sequence);
CREATE INDEX positions_open ON positions(agent, market) WHERE closed_sequence = 0;

-- Double entry: every movement of money has one account it left and one it reached.
CREATE TABLE ledger_entries(sequence bigint NOT NULL, line smallint NOT NULL,
  kind smallint NOT NULL, market smallint NOT NULL, debit_account smallint NOT NULL,
  debit_id bigint NOT NULL, credit_account smallint NOT NULL, credit_id bigint NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0), time_ms bigint NOT NULL,
  PRIMARY KEY (sequence, line));
CREATE INDEX ledger_entries_by_debit ON ledger_entries(debit_account, debit_id, sequence);
CREATE INDEX ledger_entries_by_credit ON ledger_entries(credit_account, credit_id, sequence);

-- Credits less debits of each account.
CREATE TABLE accounts(account smallint NOT NULL, id bigint NOT NULL, balance bigint NOT NULL,
  PRIMARY KEY (account, id)) WITH (fillfactor = 80);

SELECT perpetua_make_series('prices', 'market smallint NOT NULL, sequence bigint NOT NULL,
  index_price bigint NOT NULL, mark bigint NOT NULL, time_ms bigint NOT NULL,
  PRIMARY KEY (market, time_ms, sequence)', 'time_ms');

-- Of every agent with money, once an hour.
SELECT perpetua_make_series('equity', 'agent bigint NOT NULL, collateral bigint NOT NULL,
  unrealised_pnl bigint NOT NULL, time_ms bigint NOT NULL,
  PRIMARY KEY (agent, time_ms)', 'time_ms');
