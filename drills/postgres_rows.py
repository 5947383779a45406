"""Rows of a table, told apart one by one: which of those that were there at S0 are gone, which values differ.

A checksum of a whole column would call every column changed as soon as one row is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

AS_IT_WAS = "as it was"
GONE = "gone"

Connection = psycopg.Connection[tuple[object, ...]]
Values = Mapping[int, str | None]
"""Digest of one column's value by the key of its row."""


@dataclass(frozen=True)
class Rows:
    """The rows of a table up to a key: a digest of every value."""

    keys: frozenset[int]
    columns: Mapping[str, Values]


def read_rows(connection: Connection, table: str, key: str, highest: int) -> Rows:
    """The rows of ``table`` whose ``key`` is at most ``highest``; none where that column is gone."""
    names = connection.execute(
        "select column_name from information_schema.columns where table_schema = 'public' and table_name = %s", (table,)
    ).fetchall()
    columns = sorted(str(name) for (name,) in names)
    if key not in columns:
        return Rows(frozenset(), {})
    digest = sql.SQL("left(md5({}::text), 12)")
    selected = [sql.Identifier(key), *(digest.format(sql.Identifier(each)) for each in columns)]
    statement = sql.SQL("select {} from {} where {} <= %s").format(
        sql.SQL(", ").join(selected), sql.Identifier(table), sql.Identifier(key)
    )
    rows = {int(str(row[0])): row[1:] for row in connection.execute(statement, (highest,)).fetchall()}
    values = {
        name: {key: None if row[place] is None else str(row[place]) for key, row in rows.items()}
        for place, name in enumerate(columns)
    }
    return Rows(frozenset(rows), values)


def since(table: str, before: Rows, now: Rows) -> dict[str, str]:
    """What became of the rows of S0 and of their values.

    A column that is gone counts as kept where another one has all its values: a renamed column is a matter of the
    schema, and shows there; its data is not lost. Rows that are gone are said once, not again for each column.
    """
    kept = before.keys & now.keys
    lost = len(before.keys) - len(kept)
    said = {f"{table} rows": f"{len(kept)} rows" + (f", {lost} gone" if lost else "")}
    for name, values in before.columns.items():
        said[f"{table}.{name}"] = _column(name, {key: values[key] for key in kept}, now)
    return said


def _column(name: str, before: Values, now: Rows) -> str:
    if name not in now.columns:
        moved = any(_different(before, values) == 0 for values in now.columns.values())
        return AS_IT_WAS if moved else GONE
    changed = _different(before, now.columns[name])
    return f"{changed} of {len(before)} rows differ" if changed else AS_IT_WAS


def _different(before: Values, now: Values) -> int:
    return sum(now[key] != value for key, value in before.items())
