#!/bin/sh
# again.sh yes|no BUILD: what somebody does who hopes that a second deploy helps.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
[ "$1" = yes ] || exit 0
exec "$here/../release.sh" vercel/deploy.sh "$2" --host vercel
