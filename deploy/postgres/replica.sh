#!/bin/sh
# A streaming replica: copies the primary when its data folder is empty, then follows it.
set -eu
copy() {
  pg_basebackup -D "$PGDATA" -R -X stream -c fast -S "$REPLICA_NAME" "$@" \
    -d "host=$PRIMARY_HOST user=perpetua application_name=$REPLICA_NAME"
}
while [ ! -s "$PGDATA/PG_VERSION" ]; do
  # The slot is there already if an earlier copy broke off.
  copy -C || copy || { rm -rf "${PGDATA:?}"/*; sleep 2; }
done
chmod 700 "$PGDATA"
exec postgres
