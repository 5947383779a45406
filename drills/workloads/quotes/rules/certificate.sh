#!/bin/sh
# certificate.sh: the certificate for conversions, made once, and the Service that it is for.
set -eu
here=$(dirname "$0")
kubectl get secret quotes-convert --output name 2> /dev/null && exit 0
work=$(mktemp -d)
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=quotes-convert \
    -addext "subjectAltName=DNS:quotes-convert.$KUBE_NAMESPACE.svc" -keyout "$work/key" -out "$work/crt" 2> "$work/log" \
    || { cat "$work/log"; exit 1; }
kubectl create secret tls quotes-convert --cert="$work/crt" --key="$work/key"
rm -rf "$work"
kubectl apply --filename "$here/service.yaml"
