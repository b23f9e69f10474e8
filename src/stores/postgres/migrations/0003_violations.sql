-- Orders that risk limits of their agents refused.
CREATE TABLE violations(number bigint PRIMARY KEY, agent bigint NOT NULL,
  market smallint NOT NULL, kind smallint NOT NULL, value bigint NOT NULL,
  allowed bigint NOT NULL, time_ms bigint NOT NULL);
CREATE INDEX violations_by_agent ON violations(agent, number);

-- The newest closed triggers of all agents, which a start reads.
CREATE INDEX triggers_by_closing ON triggers(closed_sequence) WHERE closed_sequence > 0;
