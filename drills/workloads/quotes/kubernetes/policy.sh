#!/bin/sh
# policy.sh MANIFEST: what comes with a release besides its workload. A webhook's configuration is in no namespace: it
# gets this one as its owner, so that it goes with it.
set -eu
manifest=$1
uid=$(kubectl get namespace "$KUBE_NAMESPACE" --output jsonpath='{.metadata.uid}')
sed "s|NAMESPACE_UID|$uid|; s|NAMESPACE|$KUBE_NAMESPACE|" "$manifest" | kubectl apply -f -
