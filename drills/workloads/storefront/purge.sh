#!/bin/sh
# purge.sh: the CDN forgets every page that it keeps.
set -eu
exec curl -fsS --noproxy '*' -X PURGE "$FRONT_PURGE_URL/*"
