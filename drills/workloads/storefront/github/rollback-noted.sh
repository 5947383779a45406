#!/bin/sh
# rollback-noted.sh REASON: as rollback.sh, and the reason becomes part of the site's configuration for all to read.
# Nobody has run it before: YAML takes a reason with a colon in it for something else.
set -eu
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
git clone --quiet --branch gh-pages "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY.git" "$work"
cd "$work"
git config user.name team
git config user.email team@localhost
git revert --no-edit HEAD
echo "rolled_back: $1" >> _config.yml
git add _config.yml
git commit --quiet --message "Say why: $1"
git push --quiet origin HEAD:gh-pages
echo "pushed: $(git rev-parse HEAD)"
