#!/bin/sh
# client.sh COMMAND…: Vercel's own client, with API, token and team of the environment.
set -eu
exec vercel --api "$VERCEL_API" --token "$VERCEL_TOKEN" --scope "$VERCEL_ORG_ID" --no-color "$@"
