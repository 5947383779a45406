#!/usr/bin/env bash
# Runs a command with the role that jobs deploy with: `with-role.sh SUBJECT COMMAND ...`.
#
# A job of GitHub Actions asks GitHub for a token that says where the job runs, and AWS whether the role trusts it. In a
# drill nobody can ask GitHub: the token is made here, says SUBJECT, and is not signed.
# Exit code: the command's; that of the AWS CLI where the role is refused.
set -euo pipefail

encoded() { base64 --wrap=0 | tr '+/' '-_' | tr -d '='; }
claims=$(printf '{"iss":"https://token.actions.githubusercontent.com","aud":"sts.amazonaws.com","sub":"%s"}' "$1" | encoded)
token=$(printf '{"alg":"none","typ":"JWT"}' | encoded).$claims.unsigned
shift

role=arn:aws:iam::000000000000:role/shop-deploy
keys=$(aws sts assume-role-with-web-identity --role-arn "$role" --role-session-name "job-$$" \
  --web-identity-token "$token" --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text)
read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN <<< "$keys"
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
exec "$@"
