#!/bin/sh
# release.sh FOLDER: the whole workflow: build job, then deploy job.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
"$here/upload.py" "$1"
exec "$here/deploy-run.py" "$(basename "$1")"
