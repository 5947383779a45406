#!/usr/bin/env bash
# Puts the totals of the restored orders into the live ones, brings back orders that live no longer has, and leaves
# alone what was written since. Counts all three.
#
#   db/merge-orders.sh
#
# Environment: DB_SHELL runs a command on the database's host; $DRILL_COSTS, where it is set, gets the counts.
# Exit code: 0 merged.
set -euo pipefail

counts=$($DB_SHELL bash -s <<'ON_HOST'
set -euo pipefail
columns="id, idempotency_key, sku, quantity, total_cents, created_at"
psql -XAtq -p 5433 -c "copy (select $columns from orders) to stdout" > /tmp/restored
psql -XAtq -v ON_ERROR_STOP=1 --single-transaction <<SQL
create temp table restored (like orders);
\copy restored ($columns) from /tmp/restored
with repaired as (
  update orders set total_cents = restored.total_cents from restored
   where orders.id = restored.id and orders.total_cents is distinct from restored.total_cents returning 1
), brought as (
  insert into orders ($columns) overriding system value
  select $columns from restored where id not in (select id from orders) returning 1
)
select (select count(*) from repaired), (select count(*) from brought),
       (select count(*) from orders where id not in (select id from restored));
SQL
ON_HOST
)
IFS='|' read -r repaired brought kept <<< "$counts"
echo "$repaired rows repaired, $brought rows brought back, $kept rows written since and kept"
if [ -n "${DRILL_COSTS:-}" ]; then
  printf '{"what": "%s", "count": %d}\n' "rows repaired" "$repaired" "rows brought back" "$brought" \
    "rows written since and kept" "$kept" >> "$DRILL_COSTS"
fi
