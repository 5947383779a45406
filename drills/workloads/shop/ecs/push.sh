#!/bin/sh
# Pushes an image of this host under a name of the team's registry: push.sh IMAGE NAME:TAG
# Environment: REGISTRY, host and port. Exit code: 0 pushed.
set -eu
docker tag "$1" "$REGISTRY/$2"
docker push --quiet "$REGISTRY/$2"
