#!/usr/bin/env bash
# Puts an image of Prefect's server into service: `deploy.sh IMAGE`. The server migrates its database when it starts.
set -euo pipefail
export PREFECT_IMAGE=$1
if ! docker compose up --detach --wait --wait-timeout 40 server; then
  docker compose logs --no-log-prefix --tail 30 server
  exit 1
fi
