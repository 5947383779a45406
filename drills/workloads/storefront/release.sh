#!/bin/sh
# release.sh DEPLOY RELEASE [BUILD OPTION…]
# Builds RELEASE and hands the folder to DEPLOY, a script of this folder such as vercel/deploy.sh.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
deploy=$1
release=$2
shift 2
dist=${TMPDIR:-/tmp}/dist/$release
"$here/build.mjs" --release "$release" --out "$dist" "$@"
exec "$here/$deploy" "$dist"
