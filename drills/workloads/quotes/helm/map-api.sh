#!/bin/sh
# map-api.sh: writes the new version of the API into every release that Helm stored, as the plug-in mapkubeapis does.
set -eu
group=$KUBE_NAMESPACE.quotes.example
for secret in $(kubectl get secrets --selector owner=helm,name=quotes --output name); do
    release=$(kubectl get "$secret" --output jsonpath='{.data.release}' | base64 -d | base64 -d | gunzip \
        | sed "s|$group/v1alpha1|$group/v1|g" | gzip | base64 -w 0 | base64 -w 0)
    kubectl patch "$secret" --patch "{\"data\": {\"release\": \"$release\"}}"
done
