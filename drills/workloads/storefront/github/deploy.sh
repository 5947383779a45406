#!/bin/sh
# deploy.sh FOLDER: a built site becomes the next commit of the branch gh-pages.
set -eu
built=$(CDPATH='' cd -- "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cd "$work"
git init --quiet --initial-branch=gh-pages
git remote add origin "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY.git"
if git ls-remote --exit-code --heads origin gh-pages > refs.txt; then
    git fetch --quiet origin gh-pages
    git reset --quiet --soft origin/gh-pages
elif [ $? -ne 2 ]; then # 2: there is no such branch yet (git-ls-remote)
    exit 1
fi
git --work-tree="$built" add --all
git -c user.name=team -c user.email=team@localhost commit --quiet --allow-empty --message "$(basename "$built")"
git push --quiet origin HEAD:gh-pages
echo "pushed: $(git rev-parse HEAD)"
