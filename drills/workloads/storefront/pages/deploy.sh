#!/bin/sh
# deploy.sh FOLDER [BRANCH]: a built site becomes a deployment; of production where the branch is main.
set -eu
exec wrangler pages deploy "$1" --project-name "$PAGES_PROJECT" --branch "${2:-main}" \
    --commit-hash 0000000000000000000000000000000000000000 --commit-message "$(basename "$1")" --commit-dirty=true
