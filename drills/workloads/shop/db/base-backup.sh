#!/usr/bin/env bash
# The nightly base backup: pg_basebackup, unless there is one already. Segments of the log are archived by the server.
#
#   db/base-backup.sh
#
# Environment: DB_SHELL runs a command on the database's host. Exit code: 0 there is a verified base backup.
set -euo pipefail

$DB_SHELL bash -s <<'ON_HOST'
set -euo pipefail
base=/var/lib/postgresql/base
if [ -e "$base/PG_VERSION" ]; then
  echo "there is a base backup already"
  exit 0
fi
pg_basebackup --pgdata "$base" --checkpoint fast --wal-method stream
pg_verifybackup --quiet "$base"
echo "base backup: $(du -sh "$base" | cut -f1)"
ON_HOST
