#!/bin/sh
# Brings an image to where the cluster's nodes find it: into the nodes of a kind cluster, else to the registry in its name.
set -eu
image=$1
if [ -n "${KIND_CLUSTER:-}" ]; then
    exec kind load docker-image "$image" --name "$KIND_CLUSTER"
fi
exec docker push "$image"
