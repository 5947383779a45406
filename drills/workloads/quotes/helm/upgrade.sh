#!/bin/sh
# upgrade.sh IMAGE SCRIPTS: one upgrade for each of SCRIPTS, the file that the container starts; all but the last one
# were mistakes that somebody corrected at once. Only the last is waited for.
set -eu
here=$(dirname "$0") image=$1
. "$(dirname "$0")/../image.sh"
for script in $2; do
    helm upgrade --install quotes "$here/quotes" --set image="$image" --set script="$script"
done
kubectl rollout status deployment/quotes --timeout=90s
