#!/bin/sh
# deployment.sh NUMBER: address of a production deployment, 1 being the newest.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
found=$("$here/client.sh" list --prod 2>/dev/null | grep '^https://' | sed -n "$1p")
if [ -z "$found" ]; then
    echo "there is no production deployment number $1" >&2
    exit 1
fi
printf '%s\n' "$found"
