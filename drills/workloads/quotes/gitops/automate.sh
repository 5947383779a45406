#!/bin/sh
# automate.sh true|false: whether the controller may go on.
set -eu
kubectl patch configmap gitops --patch "{\"data\": {\"automated\": \"$1\"}}"
