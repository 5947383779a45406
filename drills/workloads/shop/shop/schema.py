"""The look at the migrations when the service starts."""

import psycopg
from alembic.config import Config
from alembic.script import ScriptDirectory

from shop.settings import database_settings


def require_known(_app):
    """Ends the start where the database is at a revision that this image has no script for (Alembic's own error)."""
    settings = {"dbname" if name == "database" else name: value for name, value in database_settings().items()}
    with psycopg.connect(**settings, connect_timeout=5) as connection:
        heads = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    scripts = ScriptDirectory.from_config(Config("alembic.ini"))
    for (head,) in heads:
        scripts.get_revision(head)
