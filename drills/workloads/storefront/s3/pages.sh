#!/bin/sh
# pages.sh FOLDER: only pages and prices of FOLDER; scripts and styles have hashes in their names and are there already.
set -eu
page='public, max-age=0, must-revalidate'
exec aws s3 cp --only-show-errors --recursive --cache-control "$page" --exclude 'assets/*' "$1" "s3://$SITE_BUCKET"
