#!/bin/sh
# promote.sh [NUMBER]: a production deployment gets the production domains, and later ones get them again.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
target=$("$here/deployment.sh" "${1:-2}")
exec "$here/client.sh" promote --yes "$target"
