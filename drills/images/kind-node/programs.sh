#!/bin/sh
# Builds into $1/bin every program that go.mod names as a tool, and the two of this recipe. go.sum pins every module.
set -eu
cache=$1
export PATH=/usr/lib/go-1.24/bin:$PATH CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS="-mod=readonly -trimpath -buildvcs=false"
export GOMODCACHE="$cache/mod" GOCACHE="$cache/go" GOBIN="$cache/bin"
[ ! -f /run/drill/host-ca.crt ] || export SSL_CERT_FILE=/run/drill/host-ca.crt
cd /run/drill/recipe

version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
major_minor=${version#v}
major_minor=${major_minor%.*}
flags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags="$flags -X $package.gitVersion=$version -X $package.gitTreeState=clean"
    flags="$flags -X $package.gitMajor=${major_minor%.*} -X $package.gitMinor=${major_minor#*.}"
done
rm -rf "$GOBIN"
# Other people's drills may be running on this host: they go first.
nice -n 19 go install -ldflags "$flags" tool ./pause
mv "$GOBIN/server" "$GOBIN/etcd"
(cd coredns && nice -n 19 go install -ldflags "-s -w" .)
# kind's files for a node come with its module.
rm -rf "$cache/kind-files"
cp -r "$(go list -m -f '{{.Dir}}' sigs.k8s.io/kind)/images/base/files" "$cache/kind-files"
chmod -R u+w "$cache/kind-files"
