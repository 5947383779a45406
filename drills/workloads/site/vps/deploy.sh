#!/usr/bin/env bash
# Puts a release on every host: `deploy.sh [options] RELEASE`.
#   --keep N             release folders that stay on a host (3)
#   --count all|live     what counts for --keep: every folder, or only releases that were live once (all)
#   --assets keep|clean  compiled assets of earlier releases stay, or go (clean)
#   --warm-up            ends only when the first orders have been read through the new release
# Exit code: 0 live on every host, 9 another deploy holds the lock, else what failed.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

keep=3 count=all assets=clean warm_up=
while [ $# -gt 1 ]; do
  case $1 in
    --keep) keep=$2; shift ;;
    --count) count=$2; shift ;;
    --assets) assets=$2; shift ;;
    --warm-up) warm_up=yes ;;
    *) echo "unknown option $1" >&2; exit 64 ;;
  esac
  shift
done
release=$1
named "$release"
folder=$(date -u +%Y%m%d%H%M%S)-$release

on_every_host lock "$owner"
# A deploy that fails gives the lock back and cleans up; one that is killed does neither.
finish() {
  code=$?
  trap - EXIT
  on_every_host prune "$keep" "$count" || true
  on_every_host unlock
  exit "$code"
}
trap finish EXIT
trap 'trap - EXIT; exit 143' TERM

for host in $hosts; do
  printf 'DB_HOST=%s\nDB_PORT=%s\nDB_NAME=%s\nDB_USER=%s\nDB_PASSWORD=%s\n' \
    "$DB_HOST" "$DB_PORT" "$DB_NAME" "$DB_USER" "$DB_PASSWORD" \
    | ssh "$host" 'umask 077; cat > /srv/app/shared/env.new && mv /srv/app/shared/env.new /srv/app/shared/env'
  "$here/package.sh" "$release" \
    | ssh "$host" "mkdir -p /srv/app/releases/$folder && tar -C /srv/app/releases/$folder -xf -"
  remote "$host" prepare "$folder"
done
for host in $hosts; do
  remote "$host" assets "$folder" "$assets"
  remote "$host" activate "$release" restart
  say "$release is live on $host"
done
[ -z "$warm_up" ] || on_every_host warm-up
