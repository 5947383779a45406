#!/bin/sh
# assets.sh FOLDER: scripts and styles of FOLDER beside those that are there.
set -eu
forever='public, max-age=31536000, immutable'
exec aws s3 cp --only-show-errors --recursive --cache-control "$forever" "$1/assets" "s3://$SITE_BUCKET/assets"
