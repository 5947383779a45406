#!/bin/sh
# deploy.sh FOLDER: the bucket holds what is in FOLDER, and nothing else: what another release left is deleted.
# Scripts and styles first, pages last: no page names a file that is not there yet.
set -eu
forever='public, max-age=31536000, immutable'
page='public, max-age=0, must-revalidate'
aws s3 sync --only-show-errors --cache-control "$forever" "$1/assets" "s3://$SITE_BUCKET/assets"
aws s3 cp --recursive --only-show-errors --cache-control "$page" --exclude 'assets/*' "$1" "s3://$SITE_BUCKET"
aws s3 sync --only-show-errors --cache-control "$forever" --delete "$1/assets" "s3://$SITE_BUCKET/assets"
