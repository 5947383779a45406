#!/usr/bin/env bash
# Says which path the load balancer asks for a task's health, every 5 s: health-check.sh PATH
# Environment: as rollback.sh, and ECS_TARGET_GROUP_ARN. Exit code: 0 said.
set -euo pipefail
export AWS_PAGER=""
aws elbv2 modify-target-group --target-group-arn "$ECS_TARGET_GROUP_ARN" \
  --health-check-path "$1" --health-check-interval-seconds 5 --unhealthy-threshold-count 2 \
  --query 'TargetGroups[0].HealthCheckPath' --output text
