# Runs on an app host: /srv/app/current is a clone of /srv/git/site.git, and the service runs in it.
set -euo pipefail
tag=$1 dirty=$2
[ -d /srv/app/current/.git ] || git clone -q /srv/git/site.git /srv/app/current
cd /srv/app/current
git fetch -q --tags --force origin
if [ "$dirty" = save ] && [ -n "$(git status --porcelain --untracked-files=no)" ]; then
  kept=/srv/app/shared/edited-on-server-$(date -u +%Y%m%d%H%M%S).diff
  git diff HEAD > "$kept"
  echo "kept in $kept: $(git diff HEAD --stat | tail -n 1)"
  git checkout -q --force "$tag"
else
  git checkout -q "$tag"
fi
[ ! -f compile_assets.py ] || /opt/venv/bin/python compile_assets.py
set -a
. /srv/app/shared/env
set +a
sh ./prepare.sh
sudo systemctl restart app
