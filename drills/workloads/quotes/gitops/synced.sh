#!/bin/sh
# synced.sh IMAGE: waits until the cluster has what was pushed.
set -eu
image=$1
kubectl wait --for=create deployment/quotes --timeout=60s
kubectl wait --for=jsonpath='{.spec.template.spec.containers[0].image}'="$image" deployment/quotes --timeout=60s
kubectl rollout status deployment/quotes --timeout=90s
