#!/bin/sh
# redeploy.sh DEPLOY RELEASE: hands the build that release.sh kept to DEPLOY; nothing is built.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
dist=${TMPDIR:-/tmp}/dist/$2
[ -d "$dist" ] || { echo "there is no kept build of $2" >&2; exit 1; }
exec "$here/$1" "$dist"
