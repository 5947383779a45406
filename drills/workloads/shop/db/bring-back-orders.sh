#!/usr/bin/env bash
# Brings the orders back that the server aside (db/restore-aside.sh overwrites) has and live has not, told by their
# idempotency key. Their numbers may be taken by now, so they get new ones.
#
#   db/bring-back-orders.sh
#
# Environment: DB_SHELL runs a command on the database's host; $DRILL_COSTS, where it is set, gets the count.
# Exit code: 0 none is missing now.
set -euo pipefail

keys=$($DB_SHELL bash -s <<'ON_HOST'
set -euo pipefail
columns="idempotency_key, sku, quantity, total_cents, created_at"
psql -XAtq -p 5433 -c "copy (select $columns from orders where idempotency_key is not null) to stdout" > /tmp/restored
psql -XAtq -v ON_ERROR_STOP=1 --single-transaction <<SQL
create temp table restored (idempotency_key text, sku text, quantity int, total_cents bigint, created_at timestamptz);
\copy restored from /tmp/restored
insert into orders ($columns) select $columns from restored order by created_at
on conflict (idempotency_key) do nothing returning idempotency_key;
SQL
ON_HOST
)
count=$(grep -c . <<< "$keys" || true)
sed 's/^/brought back: /' <<< "$keys"
echo "$count orders brought back under new numbers"
[ -z "${DRILL_COSTS:-}" ] || printf '{"what": "rows brought back", "count": %d}\n' "$count" >> "$DRILL_COSTS"
