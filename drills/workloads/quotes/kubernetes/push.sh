#!/bin/sh
# Brings an image to where the cluster's nodes find it: into the nodes of a kind cluster, else to the registry in its name.
set -eu
image=$1
[ -n "${KIND_CLUSTER:-}" ] || exec docker push "$image"
# A tag is never given twice (it is a hash of the recipe), so a node that has it needs nothing. kind would ask with
# crictl, which not every node has, and send 200 MB again.
there=$(docker exec "$KIND_CLUSTER-control-plane" ctr --namespace k8s.io images list --quiet "name==$image")
[ -n "$there" ] || exec kind load docker-image "$image" --name "$KIND_CLUSTER"
echo "$there is there"
