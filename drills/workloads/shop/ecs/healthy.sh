#!/usr/bin/env bash
# Says how many of the service's tasks have to stay healthy in a deployment: healthy.sh PER-CENT
# Environment: as rollback.sh. Exit code: 0 said.
set -euo pipefail
export AWS_PAGER=""
aws ecs update-service --cluster "${ECS_CLUSTER:-shop}" --service "${ECS_SERVICE:-shop}" \
  --deployment-configuration "minimumHealthyPercent=$1,maximumPercent=200" \
  --query 'service.deploymentConfiguration.minimumHealthyPercent' --output text
