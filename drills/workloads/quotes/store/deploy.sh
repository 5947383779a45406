#!/bin/sh
# deploy.sh IMAGE CLAIM: the release with its data in the volume CLAIM.
set -eu
here=$(dirname "$0") image=$1 claim=$2
. "$(dirname "$0")/../image.sh"
sed "s|IMAGE|$image|; s|CLAIM|$claim|" "$here/store.yaml" | kubectl apply --filename -
kubectl rollout status deployment/quotes --timeout=90s
