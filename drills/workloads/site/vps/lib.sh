# What deploy.sh, rollback.sh and unlock.sh share. VPS_HOSTS: the app hosts; DB_*: their database.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
hosts=${VPS_HOSTS:?the hosts to release to}

# A release's name goes into paths, patterns and lines that a shell on a host reads: nothing else gets through.
named() {
  case $1 in
    '' | [!A-Za-z0-9]* | *[!A-Za-z0-9._-]*) printf 'no name of a release: %q\n' "$1" >&2; exit 64 ;;
  esac
}

# $1: host; the rest: an action of remote.sh and its arguments
remote() {
  local host=$1
  shift
  # ssh joins its words with spaces, and the shell over there splits them again.
  ssh "$host" "bash -s -- $(printf '%q ' "$@")" < "$here/remote.sh"
}

on_every_host() {
  local host
  for host in $hosts; do remote "$host" "$@"; done
}

# Who holds the lock: name of the job, its machine and process, and since when.
owner="${JOB_NAME:-$(basename "$0")} on $(uname -n) pid $$ since $(date -u +%FT%TZ)"

say() { printf '%s\n' "$*"; }
