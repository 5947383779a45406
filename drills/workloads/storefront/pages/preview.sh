#!/bin/sh
# preview.sh FOLDER: a built site becomes a preview, for those who look at it before others do.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
exec "$here/deploy.sh" "$1" review
