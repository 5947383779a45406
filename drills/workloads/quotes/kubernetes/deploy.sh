#!/bin/sh
# deploy.sh WORKLOAD MANIFEST IMAGE [PATIENCE]: applies the manifest with the image in it and waits for the rollout.
# KUBECONFIG names the cluster and, in its context, the namespace.
set -eu
workload=$1 manifest=$2 image=$3 patience=${4:-}
. "$(dirname "$0")/../image.sh"
sed "s|IMAGE|$image|" "$manifest" | kubectl apply -f -
[ -z "$patience" ] || kubectl rollout status "$workload" --timeout="$patience"
