#!/bin/sh
# converter.sh IMAGE: conversions by IMAGE, in a Deployment of their own.
set -eu
here=$(dirname "$0") image=$1
"$here/../kubernetes/deploy.sh" deployment/quotes-convert "$here/converter.yaml" "$image" 90s
