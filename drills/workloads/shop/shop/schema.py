"""The look at the migrations when the service starts."""

import psycopg
from alembic.config import Config
from alembic.script import ScriptDirectory

from shop.settings import database_settings, psycopg_names


def require_known(_app):
    """Ends the start where the database is at a revision that this image has no script for (Alembic's own error)."""
    with psycopg.connect(**psycopg_names(database_settings()), connect_timeout=5) as connection:
        heads = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    scripts = ScriptDirectory.from_config(Config("alembic.ini"))
    for (head,) in heads:
        scripts.get_revision(head)
