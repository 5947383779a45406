#!/usr/bin/env bash
# Builds a release as a pipeline does, in a folder that has nothing: `build.sh RELEASE`. Fetches every package that it
# pins from the package archive; /opt/wheels of each host stands for that.
# Exit code: 0 built, else what failed.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
release=$1

for host in $hosts; do
  # shellcheck disable=SC2016
  "$here/package.sh" "$release" | ssh "$host" 'work=$(mktemp -d) && trap "rm -rf $work" EXIT && tar -C "$work" -xf - \
    && cd "$work" && /opt/venv/bin/pip download -q --disable-pip-version-check --no-index --find-links /opt/wheels \
       -r requirements.txt -d fetched && echo "built: $(ls fetched | wc -l) packages fetched"'
done
say "$release is built"
