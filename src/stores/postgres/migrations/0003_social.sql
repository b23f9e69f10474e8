-- Names on other networks, what is said beside thoughts, signals and bets.

ALTER TABLE agents ADD COLUMN twitter_handle text NOT NULL DEFAULT '';
ALTER TABLE thoughts ADD COLUMN metadata text NOT NULL DEFAULT '';

-- Messages that are no thoughts, private ones among them.
CREATE TABLE messages(message_id bigint PRIMARY KEY, agent bigint NOT NULL,
  to_agent bigint NOT NULL, market smallint NOT NULL, time_ms bigint NOT NULL,
  kind smallint NOT NULL, text text NOT NULL, metadata text NOT NULL);
CREATE INDEX messages_by_time ON messages(time_ms);

-- closed_sequence 0: live.
CREATE TABLE signals(id bigint PRIMARY KEY, closed_sequence bigint NOT NULL,
  creator bigint NOT NULL, market smallint NOT NULL, kind smallint NOT NULL,
  target bigint NOT NULL, stake bigint NOT NULL, created_mark bigint NOT NULL,
  created_at_ms bigint NOT NULL, expires_at_ms bigint NOT NULL, fader bigint NOT NULL,
  matched_at_ms bigint NOT NULL, ending smallint NOT NULL, settlement_mark bigint NOT NULL,
  winner bigint NOT NULL, payout bigint NOT NULL, fee bigint NOT NULL,
  closed_at_ms bigint NOT NULL) WITH (fillfactor = 80);
CREATE INDEX signals_by_closing ON signals(closed_sequence);
