#!/usr/bin/env bash
# The builds of one afternoon, each deployed in its turn until one goes live: `pipeline.sh "BUILD …" [deploy options]`.
# Exit code: 0 when the last one is live.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
builds=$1
shift
code=1
for build in $builds; do
  "$here/deploy.sh" "$@" "$build"
  code=$?
  [ "$code" = 0 ] || echo "build $build did not deploy: exit $code"
done
exit "$code"
