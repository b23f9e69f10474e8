#!/bin/sh
# Runs once, when the data folder of the primary is made (docker-entrypoint-initdb.d).
set -eu
echo "include '/etc/postgresql/perpetua.conf'" >> "$PGDATA/postgresql.conf"
echo "host replication perpetua all scram-sha-256" >> "$PGDATA/pg_hba.conf"
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c \
  "ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (replica1, replica2, replica3)'"
