"""Run while the image is built: keeps the migrations that a repository has when it is at ``$SHOP_RELEASE``.

The releases of this workload share one folder; an image of the real world does not know what came after it.
"""

from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from shop.release import load
from shop.settings import release_name

scripts = ScriptDirectory.from_config(Config("alembic.ini"))
own = {revision.path for revision in scripts.iterate_revisions(load(release_name()).schema, "base")}
for file in Path(scripts.versions).glob("*.py"):
    if str(file.resolve()) not in own:
        file.unlink()
