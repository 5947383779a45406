#!/bin/sh
# Turns this Debian into a kind node, as kind's images/base/Dockerfile and `kind build node-image` do.
set -eu
cache=$1 version=$2
files=$cache/kind-files

install -m 0755 "$files"/usr/local/bin/* /usr/local/bin/
# On an internal network there is no default route and so no gateway that could stand for Docker's name server:
# the node's own address does as well.
sed -i "/docker_host_ip=\$(ip -4 route show default/a\\    docker_host_ip=\${docker_host_ip:-\$(hostname -i | cut -d' ' -f1)}" /usr/local/bin/entrypoint
grep -q 'docker_host_ip:-' /usr/local/bin/entrypoint
install -d /kind/bin /kind/manifests /etc/kubernetes/manifests /LICENSES /etc/systemd/system/kubelet.service.d
install -m 0755 "$files"/kind/bin/* /kind/bin/
cp -r "$files"/etc/. /etc/
for program in kubelet kubeadm kubectl kind; do
    install -m 0755 "$cache/bin/$program" "/usr/bin/$program"
done
echo "$version" > /kind/version

# systemd in a container: nothing that belongs to a machine (kind's Dockerfile has the same list).
find /lib/systemd/system/sysinit.target.wants/ -name systemd-tmpfiles-setup.service -delete
rm -f /lib/systemd/system/multi-user.target.wants/* /etc/systemd/system/*.wants/* \
    /lib/systemd/system/local-fs.target.wants/* /lib/systemd/system/basic.target.wants/* \
    /lib/systemd/system/sockets.target.wants/*udev* /lib/systemd/system/sockets.target.wants/*initctl*
echo ReadKMsg=no >> /etc/systemd/journald.conf
ln -sf /lib/systemd/systemd /sbin/init
systemctl enable kubelet.service containerd.service undo-mount-hacks.service
systemctl mask systemd-binfmt.service

# kind looks for the container runtime where its own build puts it.
for program in containerd ctr containerd-shim-runc-v2; do
    ln -sf "/usr/bin/$program" "/usr/local/bin/$program"
done
ln -sf /usr/sbin/runc /usr/local/sbin/runc
ctr oci spec \
    | jq '.hooks.createContainer[.hooks.createContainer | length] |= . + {"path": "/kind/bin/mount-product-files.sh"}' \
    | jq 'del(.process.rlimits)' > /etc/containerd/cri-base.json
# Without CAP_SYS_RESOURCE nobody may lower an oom_score_adj; where it may, this changes nothing that a drill sees.
pause=$(kubeadm config images list --kubernetes-version "$version" | grep /pause:)
sed -i -e 's/restrict_oom_score_adj = false/restrict_oom_score_adj = true/' \
    -e "s|sandbox_image = .*|sandbox_image = \"$pause\"|" /etc/containerd/config.toml

# The pod network of a cluster of one node needs no daemon. kind applies what it finds as its default network.
install -d /opt/cni /etc/cni/net.d
rm -rf /opt/cni/bin
ln -s /usr/lib/cni /opt/cni/bin
cp "$(dirname "$0")/10-ptp.conflist" /etc/cni/net.d/
cp "$(dirname "$0")/default-cni.yaml" /kind/manifests/
