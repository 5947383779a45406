"""What point-in-time recovery needs of a PostgreSQL: an archived write-ahead log and a way onto the database's host.

Base backups, restoring aside and merging are the team's scripts, as everywhere; PostgreSQL's own programs are on the
host. (PostgreSQL manual, "Continuous Archiving and Point-in-Time Recovery".)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ARCHIVE = "/var/lib/postgresql/archive"
"""Folder of the database's host that finished segments of the write-ahead log are copied to."""


@dataclass(frozen=True)
class Recovery:
    """Settings of a server whose log is archived, for one database and its owner."""

    user: str
    password: str
    database: str

    def server_command(self) -> list[str]:
        """Arguments of the server. A segment is copied under another name first: a torn copy is never taken for one."""
        copy = f"mkdir -p {ARCHIVE} && test ! -f {ARCHIVE}/%f && cp %p {ARCHIVE}/.%f && mv {ARCHIVE}/.%f {ARCHIVE}/%f"
        settings = {"archive_mode": "on", "archive_command": copy, "archive_timeout": "30s"}
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def client_environment(self) -> Mapping[str, str]:
        """What lets ``psql`` and ``pg_basebackup`` on the host log in without asking (libpq's variables)."""
        return {"PGUSER": self.user, "PGPASSWORD": self.password, "PGDATABASE": self.database}

    def environment(self, container: str) -> Mapping[str, str]:
        """``DB_SHELL`` in front of a command runs it on the database's host; ``DB_ARCHIVE`` is a folder there."""
        return {"DB_SHELL": f"docker exec -i {container}", "DB_ARCHIVE": ARCHIVE}
