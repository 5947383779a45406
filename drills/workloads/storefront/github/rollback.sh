#!/bin/sh
# rollback.sh: revert the newest commit of the branch gh-pages and push. Pages has no rollback of its own.
set -eu
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
git clone --quiet --branch gh-pages "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY.git" "$work"
cd "$work"
git -c user.name=team -c user.email=team@localhost revert --no-edit HEAD
git push --quiet origin HEAD:gh-pages
echo "pushed: $(git rev-parse HEAD)"
