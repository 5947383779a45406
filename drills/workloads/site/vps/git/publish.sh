#!/usr/bin/env bash
# Commits release $1 and pushes its tag to the bare repository on every host, over ssh as any push.
set -euo pipefail
. "$(dirname "$0")/../lib.sh"
release=$1
named "$release"

work=$HOME/site.git-work
export GIT_AUTHOR_NAME=ci GIT_AUTHOR_EMAIL=ci@localhost GIT_COMMITTER_NAME=ci GIT_COMMITTER_EMAIL=ci@localhost
if [ ! -d "$work" ]; then
  git init -q -b main "$work"
fi
if ! git -C "$work" rev-parse -q --verify "refs/tags/$release" > /dev/null; then
  git -C "$work" rm -rq --ignore-unmatch .
  "$here/package.sh" "$release" | tar -C "$work" -xf -
  printf '__pycache__/\npublic/assets/\n' > "$work/.gitignore"
  git -C "$work" add -A
  git -C "$work" commit -qm "Release $release"
  git -C "$work" tag "$release"
fi
for host in $hosts; do
  git -C "$work" push -q --force "$host:/srv/git/site.git" HEAD:refs/heads/main "refs/tags/$release"
done
