"""A ledger that is empty or stale while a rollback chooses from it, and a channel that nobody listens to."""

import socket
from datetime import UTC, datetime
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from drills.releases import Deployed, Ledger
from drills.sabotages.releases import ChannelDown, LedgerEmpty, LedgerStale
from harness.sabotages import NothingToBreak

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def ledger():
    made = Ledger("releases")
    for version in ("v0", "v1", "v2"):
        made.add(Deployed(version=version), NOW)
    return made


def armed(saboteur, ledger, good="v1"):
    return saboteur.arm(SimpleNamespace(bench=SimpleNamespace(services={"releases": ledger}), good=good))


def versions(ledger):
    return [(row.number, row.version, row.outcome) for row in ledger.rows]


@pytest.mark.parametrize(("saboteur", "shown"), [(LedgerEmpty(), []), (LedgerStale(), ["v0", "v1"])])
def test_rows_are_missing_until_it_is_over_and_what_was_written_meanwhile_stays(ledger, saboteur, shown):
    broken = armed(saboteur, ledger)
    assert [row.version for row in ledger.rows] == shown
    ledger.add(Deployed(version="v3"), NOW)
    broken.undo()
    assert [row[:2] for row in versions(ledger)] == [(1, "v0"), (2, "v1"), (3, "v2"), (4, "v3")]


def test_a_mark_that_is_set_meanwhile_stays(ledger):
    broken = armed(LedgerStale(), ledger)
    ledger.rows = (ledger.rows[0], ledger.rows[1].model_copy(update={"outcome": "BAD"}))
    broken.undo()
    assert versions(ledger) == [(1, "v0", "good"), (2, "v1", "BAD"), (3, "v2", "good")]


def test_a_ledger_that_knows_nothing_later_cannot_be_stale(ledger):
    with pytest.raises(NothingToBreak):
        armed(LedgerStale(), ledger, good="v2")


def test_the_channel_is_a_port_where_nobody_listens(ledger):
    [(name, url)] = armed(ChannelDown(), ledger).environment.items()
    assert name == "NOTIFY_URL"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", urlsplit(url).port), timeout=1)
