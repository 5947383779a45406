#!/bin/sh
# apply.sh MANIFEST together|apart IMAGE: the API of price rules. Where it converts, the quote service does that together
# with all else, or a Deployment apart. Then every rule (there is one) is written, which stores it in the present version.
set -eu
here=$(dirname "$0") manifest=$1 where=$2 image=$3
[ "$where" = together ] || "$here/converter.sh" "$image"
work=$(mktemp -d)
ca=$(kubectl get secret quotes-convert --output jsonpath='{.data.tls\.crt}')
sed "s|CA_BUNDLE|$ca|" "$manifest" > "$work/crd.yaml"
"$here/../kubernetes/policy.sh" "$work/crd.yaml"
rm -rf "$work"
kubectl wait --for=condition=Established "crd/pricerules.$KUBE_NAMESPACE.quotes.example" --timeout=30s
# The cluster needs a moment until it serves and converts as it was told to.
for _ in 1 2 3 4 5 6 7 8 9 10; do
    "$here/change.sh" && exit 0
    sleep 1
done
exit 1
