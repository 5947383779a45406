#!/bin/sh
# Debian 12's own packages, and from Debian 13 what Debian 12 is too old for: Go (for the build) and containerd 1.7.
# runc stays Debian 12's: the one of Debian 13 needs a newer libc.
set -eu
mirror=$(sed -n 's/^deb \([^ ]*\) bookworm main.*/\1/p; s/^URIs: *\([^ ]*\).*/\1/p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/* 2> /dev/null | head -n 1)
echo "deb $mirror trixie main" > /etc/apt/sources.list.d/trixie.list
cat > /etc/apt/preferences.d/trixie <<'PIN'
Package: *
Pin: release n=trixie
Pin-Priority: -10

Package: golang-1.24-* containerd
Pin: release n=trixie
Pin-Priority: 900
PIN
apt-get update -q
apt-get install -qy --no-install-recommends \
    systemd dbus containerd runc containernetworking-plugins \
    iptables nftables conntrack ebtables ethtool iproute2 socat \
    bash ca-certificates curl jq kmod mount procps util-linux \
    golang-1.24-go
