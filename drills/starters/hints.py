"""What makes no scenario by itself and belongs into one: migrations, workflows, the team's own tests."""

from __future__ import annotations

from collections.abc import Sequence

from drills.starters.documents import documents
from harness.starter import Found, Repository

_MIGRATIONS = {
    "Alembic": (("alembic.ini",), "alembic downgrade"),
    "Django": (("manage.py",), "manage.py migrate APP NUMBER"),
    "Rails": (("db/migrate/*.rb", "db/schema.rb"), "rails db:rollback"),
    "Prisma": (("prisma/schema.prisma",), "which has no way back: a migration that undoes"),
    "Flyway": (("db/migration/V*.sql", "flyway.conf", "flyway.toml"), "which has no way back without undo scripts"),
    "Liquibase": (("*changelog*.xml", "*changelog*.yaml"), "liquibase rollback"),
    "Knex": (("knexfile.js", "knexfile.ts"), "knex migrate:rollback"),
    "golang-migrate": (("migrations/*.up.sql",), "migrate down"),
    "dbmate": (("db/migrations/*.sql",), "dbmate rollback"),
}
"""Migration tool → files that tell it, and what goes back."""


def find(repository: Repository) -> Sequence[Found]:
    """Migration tools and workflows."""
    return [*_migrations(repository), *_workflows(repository)]


def database(repository: Repository) -> bool:
    """Whether releases change a database schema."""
    return bool(_migrations(repository))


def _migrations(repository: Repository) -> Sequence[Found]:
    found = []
    for tool, (patterns, back) in _MIGRATIONS.items():
        if files := repository.matching(*patterns):
            hint = (
                f"let `deploy` run the migrations, and decide whether the rollback takes the schema back ({back}); "
                "count what is written with `committed_writes`"
            )
            found.append(Found(f"migrations by {tool}", files[:2], hint=hint))
    return found


def _workflows(repository: Repository) -> Sequence[Found]:
    found = []
    for file in repository.matching(".github/workflows/*.yml", ".github/workflows/*.yaml"):
        text = repository.text(file)
        jobs = next((each.get("jobs") for each in documents(text)), None)
        if not isinstance(jobs, dict):
            continue
        words = f"{file} {' '.join(map(str, jobs))}".lower()
        if "rollback" in words or "roll-back" in words or "revert" in words:
            hint = "this is your rollback path: rehearse what it runs, command for command"
        elif "deploy" in words or "release" in words:
            hint = "`deploy` should do what this does"
        else:
            continue
        found.append(Found("workflow", (file,), f"jobs {', '.join(map(str, jobs))}", hint=hint))
    return found
