#!/bin/sh
# Writes a Debian 12 root as a tarball to stdout. Needs root and the package mmdebstrap (`drill doctor --fix`).
# On a Debian host the host's own mirror is taken: it is the one that is known to answer from here.
set -eu
mirror=""
if command -v apt-get >/dev/null; then
    mirror=$(apt-get indextargets --format '$(REPO_URI)' \
        'Created-By: Packages' 'Release: bookworm' 'Component: main' | head -n 1)
fi
# dpkg's own exclusions of the slim image: no man pages and docs, which no stack reads.
exec mmdebstrap --quiet --variant=minbase --include=ca-certificates \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    bookworm - ${mirror:+"$mirror"}
