#!/bin/sh
# undo-to-good.sh WORKLOAD IMAGE: goes back to the revision that runs IMAGE, by its number.
# The number is looked up now: every undo gives the revision it goes to a new one.
set -eu
workload=$1 image=$2
revision=$(kubectl get replicasets --selector app=quotes --output \
    jsonpath='{range .items[*]}{.metadata.annotations.deployment\.kubernetes\.io/revision}{" "}{.spec.template.spec.containers[0].image}{"\n"}{end}' \
    | awk -v image="$image" '$2 == image {print $1}' | sort -n | tail -n 1)
[ -n "$revision" ] || { echo "no revision of $workload runs $image" >&2; exit 1; }
kubectl rollout undo "$workload" --to-revision="$revision"
