"""What PostgreSQL and ECS say about a difference, and that a rename loses no data."""

import pytest

from drills.container_logs import _told
from drills.ecs import RunningEcs
from drills.postgres import _column_class, _since


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


def test_values_that_moved_to_another_column_are_kept():
    before = {"orders rows": "200", "orders.total checksum": "aa"}
    assert _since(before, {"orders rows": "200", "orders.amount checksum": "aa"}) == before


def test_values_that_are_nowhere_are_gone():
    before = {"orders rows": "200", "orders.total checksum": "aa"}
    assert _since(before, {"orders rows": "199", "orders.amount checksum": "bb"}) == {
        "orders rows": "199",
        "orders.total checksum": "gone",
    }


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
