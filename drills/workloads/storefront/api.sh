#!/bin/sh
# api.sh move URL: the API has a new address, as operations would note it where builds read their settings.
# api.sh check SITE: does the page that visitors get send orders to the present address?
# api.sh address: prints it.
set -eu
file=$HOME/api-address
case $1 in
move) printf '%s' "$2" >"$file" ;;
address) cat "$file" ;;
check)
    address=$(cat "$file")
    page=$(curl -fsS --noproxy '*' --max-time 5 "$2/")
    case $page in
    *">$address<"*) ;;
    *)
        echo "the page sends orders to another address than $address, where the API is now"
        exit 1
        ;;
    esac
    ;;
*) exit 64 ;;
esac
