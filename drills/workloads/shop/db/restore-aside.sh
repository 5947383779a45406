#!/usr/bin/env bash
# Restores the database to a second, aside: a server of its own on the database's host, port 5433. Live goes on.
#
#   db/restore-aside.sh releases      to the second before the newest release (db/note-release.sh wrote it down)
#   db/restore-aside.sh overwrites    to the second before live was overwritten (db/restore-over-live.sh wrote it down)
#
# Environment: DB_SHELL runs a command on the database's host; DB_ARCHIVE is its folder of archived segments.
# Exit code: 0 it accepts connections and is as it was then.
set -euo pipefail

journal=${1:?releases or overwrites}

$DB_SHELL bash -s "$DB_ARCHIVE" "$journal" <<'ON_HOST'
set -euo pipefail
archive=$1
second=$(tail -1 "/var/lib/postgresql/$2" | cut -d'|' -f1)
aside=/var/lib/postgresql/aside

# What was written last is in a segment that is not full yet.
last=$(psql -XAtc "select pg_walfile_name(pg_switch_wal())")
for _ in $(seq 100); do
  [ -e "$archive/$last" ] && break
  sleep 0.1
done
[ -e "$archive/$last" ] || { echo "segment $last was not archived within 10 s" >&2; exit 1; }

if [ -e "$aside/postmaster.pid" ]; then pg_ctl --pgdata "$aside" --mode immediate --silent stop; fi
rm -rf "$aside"
cp -a /var/lib/postgresql/base "$aside"
cat >> "$aside/postgresql.auto.conf" <<CONF
restore_command = 'cp $archive/%f %p'
recovery_target_time = '$second'
recovery_target_action = 'promote'
port = 5433
listen_addresses = ''
CONF
touch "$aside/recovery.signal"
pg_ctl --pgdata "$aside" --log /var/lib/postgresql/aside.log --wait --timeout 60 --silent start \
  || { tail -20 /var/lib/postgresql/aside.log >&2; exit 1; }
for _ in $(seq 100); do
  [ "$(psql -XAt -p 5433 -c 'select pg_is_in_recovery()')" = f ] && break
  sleep 0.1
done
psql -XAt -p 5433 -c "select 'restored aside to $second: ' || count(*) || ' orders' from orders"
ON_HOST
