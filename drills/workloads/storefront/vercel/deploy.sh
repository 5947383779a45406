#!/bin/sh
# deploy.sh FOLDER: a built site becomes a production deployment.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
exec "$here/client.sh" deploy --prod --yes --meta "build=$(basename "$1")" "$1"
