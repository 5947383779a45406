#!/usr/bin/env bash
# Points the alias at the version before the live one, or at VERSION: rollback.sh [VERSION [--whole]]
#
# --whole: no other version keeps a share of the calls.
# Environment: AWS_REGION, AWS_ENDPOINT_URL and credentials as the AWS CLI reads them; LAMBDA_FUNCTION, LAMBDA_ALIAS.
# Exit code: 0 the alias points at the version before; 1 there is none; otherwise the AWS CLI's own.
set -euo pipefail
export AWS_PAGER=""

current=$(aws lambda get-alias --function-name "$LAMBDA_FUNCTION" --name "$LAMBDA_ALIAS" \
  --query FunctionVersion --output text)
if [ $# -eq 0 ] && [ "$current" -le 1 ]; then
  echo "$LAMBDA_FUNCTION:$LAMBDA_ALIAS is on version $current: nothing to go back to" >&2
  exit 1
fi
previous=${1:-$((current - 1))}
shares=()
[ "${2:-}" = --whole ] && shares=(--routing-config AdditionalVersionWeights={})
echo "pointing $LAMBDA_FUNCTION:$LAMBDA_ALIAS back: version $current -> $previous"
aws lambda update-alias --function-name "$LAMBDA_FUNCTION" --name "$LAMBDA_ALIAS" --function-version "$previous" \
  "${shares[@]}" --query FunctionVersion --output text
