#!/usr/bin/env bash
# Puts an image of PocketBase into service: `deploy.sh IMAGE URL`. The data folder is copied first, while nobody writes.
set -euo pipefail
export POCKETBASE_IMAGE=$1
docker compose stop pocketbase
if [ -d "$SQLITE_FOLDER/data" ]; then
  rm -rf "$SQLITE_FOLDER/backup"
  cp -a "$SQLITE_FOLDER/data" "$SQLITE_FOLDER/backup"
fi
docker compose up --detach pocketbase
curl --silent --show-error --fail --retry 20 --retry-delay 1 --retry-all-errors --max-time 2 "$2/api/health"
