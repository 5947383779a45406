"""Stack service ``sqlite``: a folder of this host for a SQLite database that the team's service makes and owns.

There is no server: the file is the database. The service under rehearsal mounts the folder; the harness reads the file
where it lies, through the same locks (sqlite.org, "Write-Ahead Logging": readers on the same host).
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import Field

from drills.postgres_rows import Rows, since
from harness.events import StackFact
from harness.model import ResidueClass
from harness.spi import Layers, Run, ServiceConfig

_TABLES = "select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\'"
_WAIT = 5.0
"""Seconds for a lock that a writer holds."""


class Sqlite(ServiceConfig):
    """A SQLite database in a folder that commands get as $SQLITE_FOLDER; its owner is $SQLITE_OWNER (uid:gid)."""

    uses: Literal["sqlite"] = "sqlite"
    file: str = Field(default="app.db", pattern=r"^[^/]", description="the database, relative to $SQLITE_FOLDER")

    def start(self, name: str, run: Run) -> SqliteFile:
        """Make the folder; the database comes with the first release."""
        folder = run.scratch / "sqlite" / name
        folder.mkdir(parents=True)
        run.timeline.write(StackFact(name="database", value=f"SQLite file {self.file}"))
        return SqliteFile(folder, self.file)


@dataclass
class SqliteFile:
    """The folder, and the database in it once there is one."""

    folder: Path
    file: str
    _bounds: dict[str, int] = field(default_factory=dict, init=False)
    """Table → highest row id at S0: only rows that were there then can be lost or changed."""
    _at_s0: dict[str, Rows] = field(default_factory=dict, init=False)

    def environment(self) -> Mapping[str, str]:
        """``SQLITE_FOLDER``, ``SQLITE_FILE`` (the whole path) and ``SQLITE_OWNER``."""
        return {
            "SQLITE_FOLDER": str(self.folder),
            "SQLITE_FILE": str(self.folder / self.file),
            "SQLITE_OWNER": f"{os.getuid()}:{os.getgid()}",
        }

    def names(self) -> Mapping[str, str]:
        """``folder``, ``file``."""
        return {"folder": str(self.folder), "file": str(self.folder / self.file)}

    def query(self, statement: str) -> Sequence[tuple[object, ...]]:
        """Rows of a read-only statement.

        Raises:
            ConnectionError: there is no such file, or a writer does not let go of it.
            ValueError: SQLite refuses the statement; its own words.
        """
        with self._session() as connection:
            return connection.execute(statement).fetchall()

    @contextmanager
    def _session(self) -> Iterator[sqlite3.Connection]:
        """A connection that only reads. Raises as ``query``."""
        path = self.folder / self.file
        if not path.is_file():
            raise ConnectionError(f"there is no database {self.file}")
        try:
            with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_WAIT)) as connection:
                yield connection
        except sqlite3.Error as problem:
            if getattr(problem, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN):
                raise ConnectionError(str(problem)) from problem
            raise ValueError(f"{type(problem).__name__}: {problem}") from problem

    def snapshot(self) -> Layers:
        """Columns of every table, and the rows that were there at S0."""
        with self._session() as connection:
            tables = sorted(str(name) for (name,) in connection.execute(_TABLES).fetchall())
            columns = {table: _columns(connection, table) for table in tables}
            first = not self._bounds
            if first:
                self._bounds = {table: _highest(connection, table) for table in tables}
            found = {
                table: _rows(connection, table, columns.get(table, {}), bound) for table, bound in self._bounds.items()
            }
        if first:
            self._at_s0 = found
        schema = {f"{table}.{name}": kind for table, named in columns.items() for name, kind in named.items()}
        data = [since(table, self._at_s0[table], now) for table, now in found.items()]
        return {"schema": schema, "data": {key: value for each in data for key, value in each.items()}}

    def classify(self, layer: str, key: str, before: str, after: str) -> ResidueClass | None:  # noqa: ARG002
        """Lost or different rows are lost data; a column that is gone or now mandatory breaks the old release."""
        if layer == "data":
            return ResidueClass.LOST_OR_CHANGED_DATA
        if layer != "schema":
            return None
        mandatory = "not null" in after and "default" not in after
        return ResidueClass.HARMLESS if not before and not mandatory else ResidueClass.BREAKS_OLD_RELEASE


def _columns(connection: sqlite3.Connection, table: str) -> dict[str, str]:
    """Type and constraint of each column (sqlite.org, PRAGMA table_info)."""
    rows = connection.execute('select name, lower(type), "notnull", dflt_value from pragma_table_info(?)', (table,))
    return {
        str(name): kind + (" not null" if mandatory else "") + (f" default {default}" if default is not None else "")
        for name, kind, mandatory, default in rows.fetchall()
    }


def _highest(connection: sqlite3.Connection, table: str) -> int:
    """The highest row id; 0 for a table without rows, and for one without row ids, whose rows are not compared."""
    try:
        row = connection.execute(f"select coalesce(max(rowid), 0) from {_quoted(table)}").fetchone()
    except sqlite3.OperationalError:
        return 0
    return int(row[0])


def _rows(connection: sqlite3.Connection, table: str, columns: Mapping[str, str], highest: int) -> Rows:
    """The rows of ``table`` up to row id ``highest``; none where the table is gone."""
    if not columns or not highest:
        return Rows(frozenset(), {})
    selected = ", ".join(("rowid", *map(_quoted, columns)))
    statement = f"select {selected} from {_quoted(table)} where rowid <= ?"
    rows = {int(row[0]): row[1:] for row in connection.execute(statement, (highest,)).fetchall()}
    values = {name: {key: _digest(row[place]) for key, row in rows.items()} for place, name in enumerate(columns)}
    return Rows(frozenset(rows), values)


def _digest(value: object) -> str | None:
    return None if value is None else hashlib.sha256(repr(value).encode()).hexdigest()[:12]


def _quoted(name: str) -> str:
    """An identifier (sqlite.org, "SQLite Keywords")."""
    return '"' + name.replace('"', '""') + '"'
