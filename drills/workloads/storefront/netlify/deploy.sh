#!/bin/sh
# deploy.sh FOLDER [OPTION]: a built site becomes a deploy; --prod by default, --prod-if-unlocked leaves a locked one.
set -eu
exec netlify deploy "${2:---prod}" --no-build --dir "$1" --site "$NETLIFY_SITE" --message "$(basename "$1")"
