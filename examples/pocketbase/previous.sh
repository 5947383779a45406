#!/usr/bin/env bash
# Puts the previous image back: `previous.sh IMAGE URL [--data leave|restore|merge]`.
#   leave    the data folder as it is (the default)
#   restore  the copy that the last deploy made; what was written since lies in data.failed
#   merge    the same, and notes that were written since are brought back through the API
set -euo pipefail
export POCKETBASE_IMAGE=$1
data=${4:-leave}
docker compose stop pocketbase
if [ "$data" != leave ]; then
  rm -rf "$SQLITE_FOLDER/data.failed"
  mv "$SQLITE_FOLDER/data" "$SQLITE_FOLDER/data.failed"
  cp -a "$SQLITE_FOLDER/backup" "$SQLITE_FOLDER/data"
fi
docker compose up --detach pocketbase
curl --silent --show-error --fail --retry 20 --retry-delay 1 --retry-all-errors --max-time 2 "$2/api/health"
[ "$data" != merge ] || ./merge.py "$2"
