"""Releases that migrate with pyway, as Flyway's users do: numbered SQL files and a table of what was applied.

``python3 -m shop.versioned migrate`` applies what is missing, ``… undo 04.00`` takes one version back. pyway, like
Flyway's community edition, has no undo: the file and the row in the history are the team's own business.
"""

import sys
from pathlib import Path

import psycopg2
from pyway.configfile import ConfigFile
from pyway.migrate import Migrate
from pyway.validate import Validate

from shop.settings import database_settings

FOLDER = Path("migrations")
TABLE = "pyway_history"


def require_known(_app):
    """Ends the start where something was applied that this image has no file for (pyway's own error)."""
    Validate(_config()).run()


def migrate():
    """Applies what is missing, once what was applied is known."""
    Validate(_config()).run(skip_initial_check=True)
    print(Migrate(_config()).run())


def undo(version):
    """Takes ``version`` back: its undo file, then its row."""
    major, minor = map(int, version.split("."))
    (file,) = (FOLDER / "undo").glob(f"U{major}_{minor}__*.sql")
    settings = {"dbname" if name == "database" else name: value for name, value in database_settings().items()}
    with psycopg2.connect(**settings) as connection, connection.cursor() as cursor:
        cursor.execute(file.read_text(encoding="utf-8"))
        cursor.execute(f"DELETE FROM {TABLE} WHERE version = %s", [version])
        print(f"undone: {file.name}, {cursor.rowcount} row of {TABLE}")


def _config():
    names = {"host": "host", "port": "port", "database": "name", "user": "username", "password": "password"}
    database = {f"database_{names[name]}": value for name, value in database_settings().items()}
    config = ConfigFile(database_type="postgres", database_table=TABLE, **database)
    config.database_migration_dir = str(FOLDER / "versioned")  # not among what the constructor takes
    return config


if __name__ == "__main__":
    {"migrate": migrate, "undo": undo}[sys.argv[1]](*sys.argv[2:])
