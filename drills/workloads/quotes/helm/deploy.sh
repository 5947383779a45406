#!/bin/sh
# deploy.sh IMAGE PATIENCE [ARGUMENT…]: installs or upgrades and waits for the pods; after PATIENCE the pipeline's limit
# kills Helm, as a runner does that has no time left.
set -eu
here=$(dirname "$0") image=$1 patience=$2
shift 2
. "$(dirname "$0")/../image.sh"
timeout --signal=KILL "$patience" helm upgrade --install quotes "$here/quotes" --set image="$image" --wait "$@"
