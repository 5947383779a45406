#!/usr/bin/env bash
# Restarts the service on every host, one after the other; `restart.sh reload` reloads it.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

for host in $hosts; do
  ssh "$host" sudo systemctl "${1:-restart}" app
  say "the service on $host runs in $(ssh "$host" readlink /srv/app/current)"
done
