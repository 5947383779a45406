#!/bin/sh
# Builds Helm from its Go module (go.sum pins all of it) with the Go of Debian 13: the one of Debian 12 is too old.
set -eu
cache=/run/drill/cache
export DEBIAN_FRONTEND=noninteractive

echo "==> 1/2 Go"
mirror=$(sed -n 's/^deb \([^ ]*\) bookworm main.*/\1/p; s/^URIs: *\([^ ]*\).*/\1/p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/* 2> /dev/null | head -n 1)
echo "deb $mirror trixie main" > /etc/apt/sources.list.d/trixie.list
printf 'Package: *\nPin: release n=trixie\nPin-Priority: -10\n\nPackage: golang-1.24-*\nPin: release n=trixie\nPin-Priority: 900\n' \
    > /etc/apt/preferences.d/trixie
apt-get update -q
apt-get install -qy --no-install-recommends golang-1.24-go

echo "==> 2/2 Helm: some minutes"
export PATH=/usr/lib/go-1.24/bin:$PATH CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS="-mod=readonly -trimpath -buildvcs=false"
export GOMODCACHE="$cache/mod" GOCACHE="$cache/go" GOBIN=/usr/bin
[ ! -f /run/drill/host-ca.crt ] || export SSL_CERT_FILE=/run/drill/host-ca.crt
cd /run/drill/recipe
version=$(go list -m -f '{{.Version}}' helm.sh/helm/v3)
nice -n 19 go install -ldflags "-s -w -X helm.sh/helm/v3/internal/version.version=$version" tool

apt-get purge -qy --auto-remove golang-1.24-go golang-1.24-src > /dev/null
apt-get clean
rm -rf /var/lib/apt/lists/* /etc/apt/sources.list.d/trixie.list /etc/apt/preferences.d/trixie /tmp/*
