#!/usr/bin/env bash
# Stops and starts the service on every host, one after the other.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

for host in $hosts; do
  ssh "$host" sudo systemctl restart app
  say "the service on $host runs in $(ssh "$host" readlink /srv/app/current)"
done
