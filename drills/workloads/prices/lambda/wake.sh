#!/usr/bin/env bash
# Calls a version until Lambda has made it ready: wake.sh VERSION
#
# Environment: as rollback.sh, and WAKE_TIMEOUT in seconds (60). Exit code: 0 it is active; 1 not in time.
set -euo pipefail
export AWS_PAGER=""

deadline=$((SECONDS + ${WAKE_TIMEOUT:-60}))
# An empty event: what the function says to it does not matter, that it is called does.
until aws lambda invoke --function-name "$LAMBDA_FUNCTION" --qualifier "$1" /dev/null; do
  [ "$SECONDS" -lt "$deadline" ] || exit 1
  sleep 1
done
