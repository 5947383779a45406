#!/bin/sh
# Makes the images that kubeadm asks for out of the programs in $1 and puts them into containerd's store.
set -eu
bin=$1 version=$2
work=$(mktemp -d)
architecture=$(dpkg --print-architecture)
wanted=$(kubeadm config images list --kubernetes-version "$version")

# add ROOT PROGRAM...: copies programs with the libraries that they need to the same places below ROOT.
add() {
    root=$1
    shift
    for file in "$@" $(ldd "$@" 2> /dev/null | grep -oE '/[^ :]+( |$)' | sort -u); do
        mkdir -p "$root$(dirname "$file")"
        cp -L "$file" "$root$file"
    done
}

# import NAME ROOT ENTRYPOINT: one layer, as `docker save` would write it; unpacked when it is used for the first time.
import() {
    reference=$(echo "$wanted" | grep "/$1:")
    folder=$work/$1.image
    mkdir -p "$folder"
    tar -C "$2" --numeric-owner --owner=0 --group=0 -cf "$folder/layer.tar" .
    jq -n --arg layer "sha256:$(sha256sum "$folder/layer.tar" | cut -d' ' -f1)" --arg arch "$architecture" --arg run "$3" '
        {architecture: $arch, os: "linux", rootfs: {type: "layers", diff_ids: [$layer]},
         config: {Entrypoint: [$run], Env: ["PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}}' > "$folder/config.json"
    jq -n --arg tag "$reference" '[{Config: "config.json", RepoTags: [$tag], Layers: ["layer.tar"]}]' > "$folder/manifest.json"
    tar -C "$folder" -cf - manifest.json config.json layer.tar \
        | ctr -n k8s.io images import --no-unpack --all-platforms -
    ctr -n k8s.io images label "$reference" io.cri-containerd.image=managed > /dev/null
    rm -rf "$folder" "$2"
}

containerd > "$work/containerd.log" 2>&1 &
containerd=$!
until ctr version > /dev/null 2>&1; do
    kill -0 "$containerd" || { cat "$work/containerd.log"; exit 1; }
    sleep 0.2
done

for name in kube-apiserver kube-controller-manager kube-scheduler kube-proxy etcd; do
    install -D -m 0755 "$bin/$name" "$work/$name/usr/local/bin/$name"
    mkdir -p "$work/$name/tmp" "$work/$name/var/tmp" "$work/$name/run"
    if [ "$name" = kube-proxy ]; then
        # kube-proxy runs the system's iptables; its extensions are loaded by path.
        for tool in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
            mkdir -p "$work/$name/usr/sbin"
            ln -s xtables-nft-multi "$work/$name/usr/sbin/$tool"
        done
        add "$work/$name" /usr/sbin/xtables-nft-multi /usr/sbin/nft /usr/sbin/conntrack /usr/bin/kmod
        ln -s /usr/bin/kmod "$work/$name/usr/sbin/modprobe"
        extensions=$(dirname "$(dpkg -L iptables | grep /xtables/libxt_comment.so)")
        add "$work/$name" "$extensions"/*.so
    fi
    import "$name" "$work/$name" "/usr/local/bin/$name"
done
for name in coredns pause; do
    install -D -m 0755 "$bin/$name" "$work/$name/$name"
    import "$name" "$work/$name" "/$name"
done

ctr -n k8s.io images list -q
missing=$(for each in $wanted; do ctr -n k8s.io images list -q | grep -qxF "$each" || echo "$each"; done)
kill "$containerd"
wait "$containerd" || true
[ -z "$missing" ] || { echo "not made: $missing"; exit 1; }
rm -rf "$work" /var/lib/containerd/io.containerd.grpc.v1.cri /run/containerd
