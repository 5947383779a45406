#!/usr/bin/env bash
# Puts the database as it was before the newest release over the live one. All that was written since is gone from it.
#
#   db/restore-over-live.sh
#
# Environment: as restore-aside.sh. Exit code: 0 live is as it was then.
set -euo pipefail

"$(dirname "$0")/restore-aside.sh" releases
$DB_SHELL bash -s <<'ON_HOST'
set -euo pipefail
pg_dump -p 5433 --clean --if-exists --file /tmp/as-it-was.sql
# The second is read behind the lock: no order is written between it and the overwriting.
second=$(psql -XAtq -v ON_ERROR_STOP=1 --single-transaction -c "lock table orders in access exclusive mode" \
  -c "select clock_timestamp()" -c "\\o /dev/null" -f /tmp/as-it-was.sql)
echo "$second|restore over live" >> /var/lib/postgresql/overwrites
psql -XAt -c "select 'live overwritten at $second: ' || count(*) || ' orders' from orders"
ON_HOST
