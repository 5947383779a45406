#!/bin/sh
# deploy-if-unlocked.sh FOLDER: as the team's pipeline does that knows of locks.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
exec "$here/deploy.sh" "$1" --prod-if-unlocked
