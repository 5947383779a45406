"""What PostgreSQL and ECS say about a difference, and that a rename loses no data."""

import pytest

from drills.container_logs import _told
from drills.ecs import RunningEcs
from drills.postgres import _column_class
from drills.postgres_rows import Rows, since


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("", "bigint", "harmless"),
        ("", "bigint not null default 0", "harmless"),
        ("", "bigint not null generated (total * 2)", "harmless"),
        ("", "bigint not null", "breaks the old release"),
        ("bigint", "", "breaks the old release"),
        ("bigint not null", "bigint", "harmless"),
        ("bigint", "bigint not null", "breaks the old release"),
        ("integer", "text", "breaks the old release"),
    ],
)
def test_a_changed_column(before, after, said):
    assert _column_class(before, after).value == said


def rows(**columns):
    """A table with the key 1, 2, …; a missing row is no text at all."""
    keys = {key for values in columns.values() for key, value in enumerate(values, 1) if value != ""}
    return Rows(
        frozenset(keys),
        {name: {k: v for k, v in enumerate(values, 1) if k in keys} for name, values in columns.items()},
    )


BEFORE = rows(id=["1", "2", "3"], total=["a", "b", None])


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (BEFORE, {}),
        (rows(id=["1", "2", "3"], amount=["a", "b", None]), {}),
        (rows(id=["1", "2", "3"], amount=["a", "b", "c"]), {"orders.total": "gone"}),
        (rows(id=["1", "2", "3"], total=["a", "x", "y"]), {"orders.total": "2 of 3 rows differ"}),
        (rows(id=["1", "", "3"], total=["a", "", None]), {"orders rows": "2 rows, 1 gone"}),
        (rows(id=["1", "2", "3", "4"], total=["a", "b", None, "z"]), {}),
    ],
    ids=["nothing", "renamed", "dropped", "overwritten", "deleted", "more rows"],
)
def test_what_became_of_rows(now, said):
    before = since("orders", BEFORE, BEFORE)
    assert {key: value for key, value in since("orders", BEFORE, now).items() if value != before[key]} == said


@pytest.mark.parametrize(
    ("layer", "key", "before", "after", "said"),
    [
        ("service", "task definition", "shop:1", "shop:3", "harmless"),
        ("service", "task definition", "shop:1", "other:1", "breaks the old release"),
        ("service", "desired count", "2", "1", "breaks the old release"),
        ("secrets", "shop DB_PASSWORD", "version a", "version b", "breaks the old release"),
        ("schema", "orders.id", "a", "b", None),
    ],
)
def test_a_changed_service(layer, key, before, after, said):
    opinion = RunningEcs.classify(None, layer, key, before, after)
    assert (opinion and opinion.value) == said


def test_a_structured_log_line_says_its_error():
    assert _told('{"request_id": "x", "error": "UndefinedColumn: total"}') == "log: UndefinedColumn: total"
    assert _told('{"status": 500}') == '{"status": 500}'
    assert _told("plain words") == "plain words"
