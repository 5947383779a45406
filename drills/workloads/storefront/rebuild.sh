#!/bin/sh
# rebuild.sh DEPLOY RELEASE …: builds RELEASE again with the present address of the API, and deploys it.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
exec "$here/release.sh" "$@" --api-url "$("$here/api.sh" address)"
