#!/bin/sh
# rollback.sh [NUMBER]: instant rollback to a production deployment, 2 being the one before the newest.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
target=$("$here/deployment.sh" "${1:-2}")
exec "$here/client.sh" rollback --yes "$target"
