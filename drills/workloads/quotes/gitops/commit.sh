#!/bin/sh
# commit.sh MANIFEST IMAGE: a release is a commit; the controller does the rest, and this waits for it.
set -eu
here=$(dirname "$0") manifest=$1 image=$2
. "$(dirname "$0")/../image.sh"
work=$(mktemp -d)
git clone --quiet "$GITOPS_REPOSITORY" "$work"
sed "s|IMAGE|$image|" "$manifest" > "$work/manifest.yaml"
git -C "$work" add manifest.yaml
git -C "$work" -c user.name=release -c user.email=release@quotes.example commit --quiet --allow-empty -m "quotes: $image"
git -C "$work" push --quiet origin HEAD:main
rm -rf "$work"
"$here/synced.sh" "$image"
