#!/usr/bin/env bash
# Makes the version before the live one the load balancer's target; for teams that call versions, not the alias.
#
# Environment: as rollback.sh, and LAMBDA_TARGET_GROUP_ARN.
# Exit code: 0 the load balancer calls the version before; 1 it does not call a version; otherwise the AWS CLI's own.
set -euo pipefail
export AWS_PAGER=""

target=$(aws elbv2 describe-target-health --target-group-arn "$LAMBDA_TARGET_GROUP_ARN" \
  --query 'TargetHealthDescriptions[0].Target.Id' --output text)
current=${target##*:}
if ! [[ "$current" =~ ^[0-9]+$ ]]; then
  echo "the load balancer calls $target, which is no version" >&2
  exit 1
fi
previous=${target%:*}:$((current - 1))
echo "the load balancer called $target, from now on $previous"
# A target group takes one function: the old one has to go first.
aws elbv2 deregister-targets --target-group-arn "$LAMBDA_TARGET_GROUP_ARN" --targets "Id=$target"
aws elbv2 register-targets --target-group-arn "$LAMBDA_TARGET_GROUP_ARN" --targets "Id=$previous"
