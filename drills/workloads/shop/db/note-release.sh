#!/usr/bin/env bash
# Before a release: write down the second, by the database's own clock. A recovery goes back to it.
#
#   db/note-release.sh RELEASE
#
# Environment: DB_SHELL runs a command on the database's host. Exit code: 0 noted.
set -euo pipefail
release=${1:?a release}

$DB_SHELL bash -s "$release" <<'ON_HOST'
set -euo pipefail
second=$(psql -XAtc "select clock_timestamp()")
echo "$second|$1" >> /var/lib/postgresql/releases
echo "release $1 begins at $second"
ON_HOST
