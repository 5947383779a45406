"""Stack service ``postgres``: a real PostgreSQL in a container of the run, and what it looks like for residue."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import psycopg
from psycopg import sql
from pydantic import Field

from drills.postgres_recovery import ARCHIVE, Recovery
from drills.postgres_rows import Rows, read_rows, since
from harness.containers import RunningContainer
from harness.errors import ProvisionProblem
from harness.events import StackFact
from harness.limits import wait_until
from harness.model import ResidueClass
from harness.spi import Layers, Need, Run, ServiceConfig
from harness.units import Duration

PORT = 5432
_COLUMNS = """
select table_name || '.' || column_name,
       data_type || case is_nullable when 'NO' then ' not null' else '' end
                 || coalesce(' default ' || column_default, '') || coalesce(' generated ' || generation_expression, '')
  from information_schema.columns where table_schema = 'public'"""
_CONSTRAINTS = """
select conrelid::regclass || ' ' || conname, pg_get_constraintdef(oid) from pg_constraint
 where connamespace = 'public'::regnamespace"""
_TRIGGERS = """
select tgrelid::regclass || ' ' || tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal"""
_KEYS = """
select c.relname, a.attname from pg_index i
  join pg_class c on c.oid = i.indrelid
  join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
 where i.indisprimary and i.indnatts = 1 and c.relnamespace = 'public'::regnamespace
   and a.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)"""
_HEAD_TABLES = ("alembic_version",)
"""Tables in which migration tools keep their head (Alembic tutorial: ``alembic_version``)."""


class Postgres(ServiceConfig):
    """PostgreSQL from the image recipe ``postgres``; its password is made for the run and masked everywhere."""

    uses: Literal["postgres"] = "postgres"
    database: str = Field(default="app", pattern=r"^[a-z_][a-z0-9_]*$")
    user: str = Field(default="app", pattern=r"^[a-z_][a-z0-9_]*$")
    recipe: str = Field(default="postgres", description="image recipe")
    archive: bool = Field(
        default=False,
        description="archive the write-ahead log, and give commands $DB_SHELL, a shell on the database's host",
    )
    timeout: Duration = Field(default=30.0, description="until it accepts connections")

    def needs(self) -> Sequence[Need]:
        """An engine and the image; its command line for the shell on the host."""
        shell = (Need(kind="tool", name="docker"),) if self.archive else ()
        return (Need(kind="engine", name="container engine"), Need(kind="image", name=self.recipe), *shell)

    def start(self, name: str, run: Run) -> RunningPostgres:
        """Start it and wait until it accepts connections."""
        password = secrets.token_urlsafe(18)
        run.redactor.add(password)
        env = {"POSTGRES_USER": self.user, "POSTGRES_PASSWORD": password, "POSTGRES_DB": self.database}
        recovery = Recovery(self.user, password, self.database) if self.archive else None
        if recovery:
            env |= recovery.client_environment()
        command = recovery.server_command() if recovery else None
        container = run.containers.start(
            name, run.images.resolve(self.recipe).tag, env=env, command=command, shm_size="128m"
        )
        running = RunningPostgres(container, name, self.user, password, self.database, recovery)
        version = wait_until(running.version, self.timeout)
        if version is None:
            raise ProvisionProblem(
                f"PostgreSQL {container.name} did not accept connections within {self.timeout:g} s",
                next_step=f"its last words:\n{container.tail()}",
            )
        run.timeline.write(StackFact(name="database", value=f"PostgreSQL {version}"))
        if recovery:
            run.timeline.write(StackFact(name="write-ahead log", value=f"archived to {ARCHIVE} of the database's host"))
            run.timeline.write(StackFact(name="login to the database's host", value="docker exec", simulated=True))
        return running


@dataclass
class RunningPostgres:
    """A running PostgreSQL."""

    container: RunningContainer
    host: str
    user: str
    password: str
    database: str
    recovery: Recovery | None = None
    """What point-in-time recovery needs, where it was asked for."""
    _bounds: dict[str, tuple[str, int]] = field(default_factory=dict, init=False)
    """Table → key column and the highest key at S0: only rows that were there then can be lost or changed."""
    _at_s0: dict[str, Rows] = field(default_factory=dict, init=False)

    def environment(self) -> Mapping[str, str]:
        """``DB_HOST`` … as the run's network sees it; the password too, for scripts that store it as a secret."""
        return {
            "DB_HOST": self.host,
            "DB_PORT": str(PORT),
            "DB_NAME": self.database,
            "DB_USER": self.user,
            "DB_PASSWORD": self.password,
            **(self.recovery.environment(self.container.name) if self.recovery else {}),
        }

    def names(self) -> Mapping[str, str]:
        """``host``, ``port``, ``database``, ``user``, ``address``."""
        return {
            "host": self.host,
            "port": str(PORT),
            "database": self.database,
            "user": self.user,
            "address": self.container.address,
        }

    def version(self) -> str | None:
        """Version of the server; None while it does not accept connections."""
        try:
            return str(self.query("show server_version")[0][0])
        except (ConnectionError, ValueError):
            return None

    def query(self, statement: str) -> list[tuple[object, ...]]:
        """Rows of a read-only statement.

        Raises:
            ConnectionError: the server cannot be reached.
            ValueError: the server refuses the statement; its own words.
        """
        try:
            with self._connect() as connection:
                return connection.execute(statement.encode()).fetchall()
        except psycopg.OperationalError as problem:
            raise ConnectionError(str(problem).strip()) from problem
        except psycopg.Error as problem:
            raise ValueError(f"{type(problem).__name__}: {str(problem).strip()}") from problem

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        connection = psycopg.connect(
            host=self.container.address,
            port=PORT,
            user=self.user,
            password=self.password,
            dbname=self.database,
            connect_timeout=3,
            options="-c statement_timeout=10s",
        )
        connection.read_only = True
        return connection

    def snapshot(self) -> Layers:
        """Schema, constraints, triggers, migration head, and the rows that were there at S0."""
        layers = {
            "schema": self._pairs(_COLUMNS),
            "schema constraints": self._pairs(_CONSTRAINTS),
            "schema triggers": self._pairs(_TRIGGERS),
        }
        tables = {key.split(".")[0] for key in layers["schema"]}
        for table in tables.intersection(_HEAD_TABLES):
            heads = sorted(str(row[0]) for row in self.query(f"select version_num from {table}"))
            layers["migration head"] = {table: ", ".join(heads)}
        layers["data"] = self._data()
        return layers

    def _pairs(self, statement: str) -> dict[str, str]:
        return {str(key): str(value) for key, value in self.query(statement)}

    def _data(self) -> dict[str, str]:
        """What became of the rows up to the highest key at S0, and of their values."""
        with self._connect() as connection:
            first = not self._bounds
            if first:
                self._bounds = self._highest_keys(connection)
            found = {table: read_rows(connection, table, *bound) for table, bound in self._bounds.items()}
        if first:
            self._at_s0 = found
        return {
            key: value for table, now in found.items() for key, value in since(table, self._at_s0[table], now).items()
        }

    @staticmethod
    def _highest_keys(connection: psycopg.Connection[tuple[object, ...]]) -> dict[str, tuple[str, int]]:
        bounds = {}
        for table, key in connection.execute(_KEYS).fetchall():
            highest = sql.SQL("select coalesce(max({}), 0) from {}").format(
                sql.Identifier(str(key)), sql.Identifier(str(table))
            )
            row = connection.execute(highest).fetchone()
            bounds[str(table)] = (str(key), int(str(row[0])) if row else 0)
        return bounds

    def classify(self, layer: str, key: str, before: str, after: str) -> ResidueClass | None:  # noqa: ARG002
        """Lost or different rows are lost data; a column that is gone or now mandatory breaks the old release."""
        if layer == "data":
            return ResidueClass.LOST_OR_CHANGED_DATA
        if layer == "schema":
            return _column_class(before, after)
        return ResidueClass.HARMLESS if layer.startswith("schema ") or layer == "migration head" else None


def _column_class(before: str, after: str) -> ResidueClass:
    """What a changed column means to a release that knows only the old one."""
    mandatory = "not null" in after and "default" not in after and "generated" not in after
    added, relaxed = not before, after == before.replace(" not null", "")
    if relaxed or (added and not mandatory):
        return ResidueClass.HARMLESS
    return ResidueClass.BREAKS_OLD_RELEASE
