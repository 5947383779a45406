#!/usr/bin/env bash
# Puts every host back on the release before the present one.
#   --target previous|recorded      the folder before the live one, or the release that was live before it (previous)
#   --activate reload|restart|opcache-reset  how the service takes the release up (restart)
#   --assets leave|restore|guarded  shared asset manifest: left alone, restored, restored where the release has one (leave)
#   --lock refuse|verify            a held lock: give up, or unlock when nothing of its owner is left (refuse)
# Exit code: 0 rolled back on every host, 9 locked, else what failed.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

target=previous activate=restart assets=leave lock=refuse
while [ $# -gt 0 ]; do
  case $1 in
    --target) target=$2 ;;
    --activate) activate=$2 ;;
    --assets) assets=$2 ;;
    --lock) lock=$2 ;;
    *) echo "unknown option $1" >&2; exit 64 ;;
  esac
  shift 2
done

[ "$lock" = refuse ] || "$here/unlock.sh"
on_every_host lock "$owner"
trap 'on_every_host unlock' EXIT

for host in $hosts; do
  release=$(remote "$host" "$target")
  say "rolling $host back to $release"
  if [ "$assets" = restore ] || { [ "$assets" = guarded ] && remote "$host" has-assets "$release"; }; then
    remote "$host" restore-assets "$release"
  fi
  remote "$host" activate "$release" "$activate"
  say "$host is back on $release"
done
