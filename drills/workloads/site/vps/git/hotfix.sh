#!/usr/bin/env bash
# What somebody did at night: an edit on the servers themselves. It guards one division, not the one that fails.
set -euo pipefail
. "$(dirname "$0")/../lib.sh"

for host in $hosts; do
  ssh "$host" "sed -i 's|// order\[\"quantity\"\]|// max(order[\"total_cents\"] // 10000, 1) // order[\"quantity\"]|' /srv/app/current/pricing.py"
  ssh "$host" sudo systemctl restart app
  ssh "$host" git -C /srv/app/current status --porcelain
done
