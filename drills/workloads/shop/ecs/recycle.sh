#!/usr/bin/env bash
# Replaces every task of the service by a new one of the same task definition: new processes, new connections.
#
# Environment: as rollback.sh. Exit code: 0 replaced; 1 ECS did not complete it in time.
set -euo pipefail

cluster=${ECS_CLUSTER:-shop}
service=${ECS_SERVICE:-shop}
deadline=$((SECONDS + ${ROLLBACK_TIMEOUT:-120}))
export AWS_PAGER=""

old=$(aws ecs list-tasks --cluster "$cluster" --service-name "$service" --query taskArns --output text)
aws ecs update-service --cluster "$cluster" --service "$service" --force-new-deployment \
  --query 'service.deployments[0].id' --output text
while [ "$SECONDS" -lt "$deadline" ]; do
  state=$(aws ecs describe-services --cluster "$cluster" --services "$service" \
    --query "services[0].deployments[?status=='PRIMARY'] | [0].rolloutState" --output text)
  now=$(aws ecs list-tasks --cluster "$cluster" --service-name "$service" --query taskArns --output text)
  left=$(comm -12 <(tr '\t' '\n' <<< "$old" | sort) <(tr '\t' '\n' <<< "$now" | sort) | wc -l)
  if [ "$state" = COMPLETED ] && [ "$left" -eq 0 ]; then
    echo "every task of $service is new"
    exit 0
  fi
  sleep 0.5
done
echo "not every task was replaced in time (last state: $state, $left old)" >&2
exit 1
