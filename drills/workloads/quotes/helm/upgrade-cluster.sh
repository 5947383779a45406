#!/bin/sh
# upgrade-cluster.sh MANIFEST as-they-are|mapped: gives the cluster the price rules' API of MANIFEST. Before that, the
# releases that Helm stored are mapped to the new version of it, or they are not.
set -eu
here=$(dirname "$0") manifest=$1 stored=$2
[ "$stored" = as-they-are ] || "$here/map-api.sh"
"$here/../kubernetes/policy.sh" "$manifest"
kubectl wait --for=condition=Established "crd/pricerules.$KUBE_NAMESPACE.quotes.example" --timeout=30s
