"""Run while the image is built, for releases that migrate with pyway: the same migrations as files of plain SQL.

``versioned/V<n>_0__<name>.sql`` and, to undo it, ``undo/U<n>_0__<name>.sql`` for each Alembic revision that the release
has: one schema is described once.
"""

import io
from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from shop.release import load
from shop.settings import release_name

FOLDER = Path("migrations")


def sql(step):
    """The statements of one upgrade() or downgrade()."""
    written = io.StringIO()
    options = {"as_sql": True, "literal_binds": True, "output_buffer": written}
    # Any other parameter style would write % as %%.
    dialect = {"dialect_name": "postgresql", "dialect_opts": {"paramstyle": "named"}}
    with Operations.context(MigrationContext.configure(**dialect, opts=options)):
        step()
    return written.getvalue()


scripts = ScriptDirectory.from_config(Config("alembic.ini"))
for scripted in scripts.iterate_revisions(load(release_name()).schema, "base"):
    number, _, name = scripted.revision.partition("_")
    for folder, step in (("versioned", scripted.module.upgrade), ("undo", scripted.module.downgrade)):
        file = FOLDER / folder / f"{folder[0].upper()}{int(number)}_0__{name}.sql"
        file.parent.mkdir(exist_ok=True)
        file.write_text(sql(step), encoding="utf-8")
