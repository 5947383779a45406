#!/bin/sh
# gitops_loop.sh REPOSITORY PERIOD: every PERIOD seconds the namespace becomes what manifest.yaml of the main branch says,
# unless the ConfigMap `gitops` says that it is not to be automated.
set -u
repository=$1 period=$2
export KUBECACHEDIR=${TMPDIR:-/tmp}/gitops-cache
while sleep "$period"; do
    [ "$(kubectl get configmap gitops --output jsonpath='{.data.automated}')" = true ] || continue
    manifest=$(git --git-dir="$repository" show main:manifest.yaml 2> /dev/null) || continue  # nothing is pushed yet
    echo "$manifest" | kubectl apply --field-manager=gitops-controller --filename -
done
