#!/usr/bin/env bash
# Writes release $1 as a tar to stdout: app/ with what releases/$1/ changes (REMOVED lists what it has no more).
# The same release always gives the same bytes.
set -euo pipefail
site=$(cd "$(dirname "$0")/.." && pwd)
release=$1
case $release in */* | .*) false ;; *) [ -d "$site/releases/$release" ] ;; esac || { echo "no release $release" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R "$site/app/." "$site/releases/$release/." "$work"
if [ -f "$work/REMOVED" ]; then
  (cd "$work" && xargs rm -rf REMOVED < REMOVED)
fi
find "$work" -name __pycache__ -prune -exec rm -rf {} +
chmod 755 "$work"
tar -C "$work" --sort=name --mtime=2020-01-01T00:00:00Z --owner=0 --group=0 --numeric-owner -cf - .
