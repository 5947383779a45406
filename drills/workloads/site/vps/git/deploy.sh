#!/usr/bin/env bash
# Checks a published tag out on every host, installs what it requires, restarts: `deploy.sh [--dirty refuse|save] TAG`.
# The rollback is the same script with the tag of before.
#   --dirty  a working tree that somebody edited: leave it to git, which refuses (refuse); or keep the difference in
#            /srv/app/shared/ and check out over it (save)
set -euo pipefail
. "$(dirname "$0")/../lib.sh"

dirty=refuse
if [ "$1" = --dirty ]; then
  dirty=$2
  shift 2
fi
named "$1"
for host in $hosts; do
  printf 'DB_HOST=%s\nDB_PORT=%s\nDB_NAME=%s\nDB_USER=%s\nDB_PASSWORD=%s\n' \
    "$DB_HOST" "$DB_PORT" "$DB_NAME" "$DB_USER" "$DB_PASSWORD" \
    | ssh "$host" 'umask 077; cat > /srv/app/shared/env.new && mv /srv/app/shared/env.new /srv/app/shared/env'
  ssh "$host" "bash -s -- $(printf '%q ' "$1" "$dirty")" < "$here/git/remote.sh"
  say "$1 is checked out on $host"
done
