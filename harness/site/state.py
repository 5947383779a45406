"""What the history says about each scenario and path: pure functions of its rows, no HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from harness.history import HistoryRow
from harness.units import figure


@dataclass(frozen=True, slots=True)
class PathState:
    """Every run of one scenario and path, newest first."""

    scenario: str
    path: str
    rows: Sequence[HistoryRow]

    @property
    def counted(self) -> Sequence[HistoryRow]:
        """The runs of the drill as it is written: one changed by ``--set`` or ``--without`` says nothing about it."""
        return [row for row in self.rows if not row.changes]

    @property
    def latest(self) -> HistoryRow | None:
        """The run that the state is judged by; None where only changed drills were run."""
        return next(iter(self.counted), None)


def states(rows: Sequence[HistoryRow]) -> list[PathState]:
    """One state for each scenario and path, by name; ``rows`` newest first."""

    def name(row: HistoryRow) -> tuple[str, str]:
        return row.scenario, row.path

    return [PathState(*key, rows=list(group)) for key, group in groupby(sorted(rows, key=name), key=name)]


def recovery(row: HistoryRow) -> str:
    """Recovery time against its budget."""
    return f"{figure(row.recovery, 's')} of {figure(row.rto, 's')}" if row.recovery is not None else "not measured"


def over(row: HistoryRow) -> bool:
    """Whether the recovery took longer than its budget."""
    return row.recovery is not None and row.recovery > row.rto


def first_attempt(row: HistoryRow) -> str:
    """Clean, or what the first attempt met."""
    if row.first_attempt_clean:
        return "clean"
    met = f", met {' '.join(row.findings)}" if row.findings else ""
    return f"not judged{met}" if row.first_attempt_clean is None else f"broke{met}"


def moment(row: HistoryRow) -> str:
    """Start of the run, for a reader, UTC."""
    return f"{datetime.fromisoformat(row.wall):%Y-%m-%d %H:%M}"


def age(row: HistoryRow, now: datetime) -> str:
    """How long ago the run started, in one unit."""
    passed = max(now - datetime.fromisoformat(row.wall), timedelta())
    for size, unit in ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute")):
        if number := passed // size:
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "just now"
