-- Orders that risk limits of their agents refused.
CREATE TABLE violations(number bigint PRIMARY KEY, agent bigint NOT NULL,
  market smallint NOT NULL, kind smallint NOT NULL, value bigint NOT NULL,
  allowed bigint NOT NULL, time_ms bigint NOT NULL);
CREATE INDEX violations_by_agent ON violations(agent, number);
