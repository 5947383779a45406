#!/bin/sh
# force-deploy.sh WORKLOAD MANIFEST IMAGE PATIENCE: as deploy.sh; what cannot be changed is deleted and made again.
set -eu
here=$(dirname "$0")
"$here/deploy.sh" "$@" && exit 0
echo "deleting $1 and making it again"
kubectl delete "$1" --wait=true
"$here/deploy.sh" "$@"
