#!/usr/bin/env bash
# Puts the service back on the task definition before the current one, and waits until ECS says it is done.
# Usage: rollback.sh [SERVICE]
#
# Environment: AWS_REGION (or AWS_DEFAULT_REGION), AWS_ENDPOINT_URL and credentials as the AWS CLI reads them,
#   ECS_CLUSTER (shop), ECS_SERVICE (shop), ROLLBACK_TIMEOUT in seconds (120).
# Exit code: 0 rolled back; 1 there is nothing to go back to, or ECS did not complete it in time.
set -euo pipefail

cluster=${ECS_CLUSTER:-shop}
service=${1:-${ECS_SERVICE:-shop}}
deadline=$((SECONDS + ${ROLLBACK_TIMEOUT:-120}))
export AWS_PAGER=""

# $1: JMESPath over the service
service_says() {
  aws ecs describe-services --cluster "$cluster" --services "$service" --query "services[0].$1" --output text
}

current=$(service_says taskDefinition)
case $current in *:task-definition/*:*) ;; *)
  echo "service $service not found in cluster $cluster (got: $current)" >&2
  exit 1
  ;;
esac
revision=${current##*:}
if [ "$revision" -le 1 ]; then
  echo "$current is the first revision: nothing to roll back to" >&2
  exit 1
fi
previous=${current%:*}:$((revision - 1))

echo "rolling $service back: ${current##*/} -> ${previous##*/}"
aws ecs update-service --cluster "$cluster" --service "$service" --task-definition "$previous" \
  --query 'service.deployments[0].id' --output text

while [ "$SECONDS" -lt "$deadline" ]; do
  state=$(service_says "deployments[?status=='PRIMARY'] | [0].rolloutState")
  case $state in
    COMPLETED)
      echo "rollback complete: $service runs ${previous##*/}"
      exit 0
      ;;
    FAILED)
      echo "rollback failed: ECS gave the deployment up" >&2
      exit 1
      ;;
  esac
  sleep 0.5
done
echo "rollback not complete in time (last state: $state)" >&2
service_says 'events[0].message' >&2
stopped=$(aws ecs list-tasks --cluster "$cluster" --service-name "$service" --desired-status STOPPED \
  --query 'taskArns[-1]' --output text)
[ "$stopped" = None ] || aws ecs describe-tasks --cluster "$cluster" --tasks "$stopped" \
  --query 'tasks[0].stoppedReason' --output text >&2
exit 1
