#!/bin/sh
# add.sh FOLDER: the bucket gets what is in FOLDER; hashed files of other releases stay for pages that are open.
set -eu
forever='public, max-age=31536000, immutable'
page='public, max-age=0, must-revalidate'
aws s3 sync --only-show-errors --cache-control "$forever" "$1/assets" "s3://$SITE_BUCKET/assets"
exec aws s3 cp --recursive --only-show-errors --cache-control "$page" --exclude 'assets/*' "$1" "s3://$SITE_BUCKET"
