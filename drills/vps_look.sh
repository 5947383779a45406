# Runs as root inside a host, handed to bash by the harness (`docker exec`): what the host is like now, one row a line,
# `layer<TAB>key<TAB>value`. Reads only.
root=/srv/app
row() { printf '%s\t%s\t%s\n' "$1" "$2" "$3"; }
digest() { sha256sum | cut -c1-12; }

if [ -L $root/current ]; then
  live=$(readlink -f $root/current)
  row link "current" "$(basename "$live" | sed -E 's/^[0-9]+-//')"
elif [ -d $root/current/.git ]; then
  live=$root/current
  row "working tree" "checked out" "$(git -c safe.directory='*' -C $live describe --tags --always)"
  git -c safe.directory='*' -C $live status --porcelain | while read -r state file; do
    row "working tree" "$file" "$state"
  done
fi

for folder in $(ls -1 $root/releases 2>/dev/null); do
  files=$(cd "$root/releases/$folder" && find . -type f ! -path '*/__pycache__/*' ! -path './assets_manifest_backup/*' \
    -print0 | sort -z | xargs -0r sha256sum | digest)
  row releases "$(printf %s "$folder" | sed -E 's/^[0-9]+-//')" "$files"
done

if [ -d $root/shared ]; then
  (cd $root/shared && find . -type f ! -name env -printf '%P\n' | sort) | while read -r file; do
    row "shared files" "$file" "$(digest < "$root/shared/$file")"
  done
  [ ! -f $root/shared/env ] || row configuration "environment of the service" "$(digest < $root/shared/env)"
fi
row configuration "nginx" "$(cat /etc/nginx/nginx.conf /etc/nginx/sites-enabled/* 2>/dev/null | digest)"
for unit in $UNITS; do
  row units "$unit" "$(systemctl is-enabled "$unit" 2>/dev/null), $(systemctl is-active "$unit")"
done

# Where the processes of the first unit are, against where the link points.
main=$(systemctl show --property MainPID --value "${UNITS%% *}")
for process in $main $(pgrep -P "$main"); do
  # As its own user: root in a container may not look into the processes of others (no CAP_SYS_PTRACE).
  folder=$(runuser -u "$(stat -c %U "/proc/$process")" -- readlink "/proc/$process/cwd") || continue
  case $folder in
    "$live" | "$live"/*) ;;
    $root/*) row processes "workers outside of current" "in $(basename "$folder" | sed -E 's/^[0-9]+-//')" ;;
  esac
done
# PHP: which files the opcode cache of the running service has served lately.
if [ -S /run/app/fpm.sock ]; then
  look=/usr/local/share/drill/opcache.php
  env REQUEST_METHOD=GET SCRIPT_FILENAME=$look SCRIPT_NAME=/opcache.php cgi-fcgi -bind -connect /run/app/fpm.sock \
    | tr -d '\r' | sed -n "s|^script $root/releases/||p" | while read -r script; do
    case "$root/releases/$script" in
      "$live"/*) ;;
      *) row processes "cached ${script#*/}" "from $(printf %s "${script%%/*}" | sed -E 's/^[0-9]+-//'), outside of current" ;;
    esac
  done
fi
[ ! -e $root/deploy.lock ] || row lock "deploy.lock" "$(cat $root/deploy.lock)"
[ ! -f $root/releases.log ] || row record "live" "$(tail -n 1 $root/releases.log | cut -d' ' -f2-)"
