#!/bin/sh
# Starts Redis on /data, then the quote service; a Redis that does not start ends the container.
set -eu
redis-server --dir /data --bind 127.0.0.1 --save 1 1 --logfile "" &
redis=$!
until [ "$(redis-cli ping 2> /dev/null)" = PONG ]; do
    kill -0 "$redis" 2> /dev/null || exit 1
    sleep 0.2
done
exec python3 /srv/quotes.py
