# Runs on an app host: `bash -s -- ACTION [ARGUMENT…] < remote.sh`. Layout as Capistrano and Deployer know it:
# releases/<time>-<id>, shared/, current -> releases/…, releases.log (what went live, and when), deploy.lock.
set -euo pipefail
root=/srv/app
cd "$root"
action=$1
shift

# Environment of the service, for programs of a release that run outside of it.
with_environment() {
  set -a
  . "$root/shared/env"
  set +a
}

# Newest folder of release id $1.
folder_of() {
  local found
  found=$(ls -1 releases | grep -E -- "^[0-9]+-$1\$" | tail -n 1) || true
  [ -n "$found" ] || { echo "release $1 is not on $(uname -n)" >&2; return 1; }
  printf '%s' "$found"
}

id_of() { printf '%s' "${1#*-}"; }

live() { basename "$(readlink current)"; }

case $action in
  lock) # $1: owner
    if ! (set -o noclobber; printf '%s\n' "$1" > deploy.lock) 2>/dev/null; then
      echo "$(uname -n): deploy locked by $(cat deploy.lock)" >&2
      exit 9
    fi
    ;;
  unlock)
    rm -f deploy.lock
    ;;
  lock-owner)
    cat deploy.lock 2>/dev/null || true
    ;;
  prepare) # $1: folder in releases/
    cd "releases/$1"
    mkdir -p "$root/shared/public/assets" public
    ln -sfn "$root/shared/public/assets" public/assets
    with_environment
    sh ./prepare.sh
    ;;
  assets) # $1: folder in releases/, $2: keep or clean
    cd "releases/$1"
    if [ -f compile_assets.py ]; then
      /opt/venv/bin/python compile_assets.py $([ "$2" = keep ] || echo --clean)
      mkdir -p assets_manifest_backup
      cp public/assets/manifest.json assets_manifest_backup/
    fi
    ;;
  restore-assets) # $1: release id: its manifest is the shared one again
    target=releases/$(folder_of "$1")
    ls -1 "$target"/assets_manifest_backup/manifest.json
    cp "$target/assets_manifest_backup/manifest.json" shared/public/assets/manifest.json
    ;;
  has-assets) # $1: release id
    [ -f "releases/$(folder_of "$1")/assets_manifest_backup/manifest.json" ]
    ;;
  activate) # $1: release id, $2: reload or restart the service, or reset PHP's opcode cache from the command line
    ln -sfn "releases/$(folder_of "$1")" current.new
    mv -T current.new current
    if [ "$2" = opcache-reset ]; then
      php -d opcache.enable_cli=1 -r 'exit(opcache_reset() ? 0 : 1);'
    else
      sudo systemctl "$2" app
    fi
    printf '%s live %s\n' "$(date -u +%FT%TZ)" "$1" >> releases.log
    ;;
  previous) # the release folder before the live one, as a directory listing has it
    before=$(ls -1 releases | grep -B 1 -x -F -- "$(live)" | head -n 1)
    [ "$before" != "$(live)" ] || { echo "$(live) is the oldest release here: nothing to go back to" >&2; exit 1; }
    id_of "$before"
    ;;
  recorded) # the release that was live before the present one, as releases.log has it
    before=$(awk -v now="$(id_of "$(live)")" '$2 == "live" && $3 != now { last = $3 } END { print last }' releases.log)
    [ -n "$before" ] || { echo "releases.log names no release before $(live)" >&2; exit 1; }
    folder_of "$before" > /dev/null
    printf '%s' "$before"
    ;;
  prune) # $1: how many to keep, $2: all (folders count) or live (only what was live counts)
    for folder in $(ls -1 releases | head -n "-$1"); do
      if [ "$folder" = "$(live)" ] || { [ "$2" = live ] && grep -q " live $(id_of "$folder")\$" releases.log; }; then
        continue
      fi
      rm -rf "releases/$folder"
      echo "pruned $folder"
    done
    ;;
  warm-up) # until every one of the first orders can be read
    for order in $(seq 1 12); do
      until curl -fsS -o /dev/null "http://127.0.0.1/orders/$order"; do sleep 1; done
    done
    ;;
  *)
    echo "unknown action $action" >&2
    exit 64
    ;;
esac
