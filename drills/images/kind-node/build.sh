#!/bin/sh
# Makes a kind node out of a Debian 12 container: see recipe.yaml. Runs inside it; what it leaves is committed.
set -eu
recipe=/run/drill/recipe
cache=/run/drill/cache
export DEBIAN_FRONTEND=noninteractive
began=$(date +%s)

step() { echo "==> $* ($(($(date +%s) - began)) s)"; }

step "1/5 Debian packages"
sh "$recipe/packages.sh"

step "2/5 Kubernetes, etcd, CoreDNS and kind from Go modules: the long one"
sh "$recipe/programs.sh" "$cache"
version=$("$cache/bin/kubelet" --version | cut -d' ' -f2)

step "3/5 kind's own files and Kubernetes $version"
sh "$recipe/node.sh" "$cache" "$version"

step "4/5 system images"
sh "$recipe/system-images.sh" "$cache/bin" "$version"

step "5/5 tidying up"
apt-get purge -qy --auto-remove golang-1.24-go golang-1.24-src > /dev/null
apt-get clean
rm -rf /var/lib/apt/lists/* /etc/apt/sources.list.d/trixie.list /tmp/*
step "done"
