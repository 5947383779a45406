#!/usr/bin/env bash
# Writes builds that went live into the release ledger: `record.sh "BUILD …" [BAD]`; BAD is one that was found to be bad.
# Environment: RELEASES_URL, OPERATOR, and REASON where there is a BAD.
set -euo pipefail
actions=$(cd "$(dirname "$0")/../../release-actions" && pwd)
for build in $1; do
  "$actions/record.py" "$build"
done
[ -z "${2:-}" ] || "$actions/mark-bad.py" "$2"
