#!/bin/sh
# change.sh: what somebody in sales does, with the version of the API that they have always used: change a price rule.
set -eu
cat << RULE | kubectl apply --filename -
apiVersion: $KUBE_NAMESPACE.quotes.example/v1
kind: PriceRule
metadata: {name: summer}
spec: {percent: $(($(date +%s) % 90))}
RULE
