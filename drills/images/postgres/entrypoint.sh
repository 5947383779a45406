#!/bin/sh
# First start: make the cluster, the user and the database that the POSTGRES_* variables name. Then run the server.
set -eu
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}

create_cluster() {
    : "${POSTGRES_PASSWORD:?must be set: this image has no login without a password}"
    password_file=$(mktemp)
    printf '%s\n' "$POSTGRES_PASSWORD" > "$password_file"
    # --no-sync: a cluster that a power cut destroys now would be made again at the next start.
    initdb --no-sync --username="$user" --pwfile="$password_file" --encoding=UTF8 --locale=C.UTF-8 \
        --auth-host=scram-sha-256 --auth-local=scram-sha-256 > /dev/null
    rm -f "$password_file"
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"
    if [ "$database" != postgres ]; then
        # Single-user mode: no server with a door open while the password is still being set.
        quoted=$(printf '%s' "$database" | sed 's/"/""/g')
        printf 'CREATE DATABASE "%s"\n' "$quoted" | postgres --single -j -E postgres > /dev/null
    fi
}

[ "${1#-}" = "${1:-}" ] || set -- postgres "$@"
if [ "${1:-postgres}" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
    create_cluster
fi
exec "$@"
