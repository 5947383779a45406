#!/bin/sh
# revert.sh IMAGE: takes the last commit back in git; the controller brings IMAGE back, and this waits for it.
set -eu
here=$(dirname "$0") image=$1
work=$(mktemp -d)
git clone --quiet "$GITOPS_REPOSITORY" "$work"
git -C "$work" -c user.name=release -c user.email=release@quotes.example revert --no-edit HEAD
git -C "$work" push --quiet origin HEAD:main
rm -rf "$work"
"$here/synced.sh" "$image"
