#!/usr/bin/env bash
# Takes the schema back with the release that knows the way: `downgrade.sh IMAGE-OF-THE-NEW-RELEASE REVISION`.
set -euo pipefail
export PREFECT_IMAGE=$1
docker compose stop server
docker compose run --rm server prefect server database downgrade -y -r "$2"
