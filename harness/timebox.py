"""What fits into a time box: how long each drill takes by its earlier runs, and which of them to start. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from harness.history import HistoryRow
from harness.model import Verdict
from harness.scenario.models import Scenario
from harness.units import format_duration

_COUNTED = 20
"""Newest runs that an estimate looks at: a drill that was made faster last month is."""
_WHOLE = (Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE)
"""A run with another verdict ended early: its duration is only a lower bound."""


@dataclass(frozen=True)
class Estimate:
    """How long a run takes, teardown included; seconds."""

    median: float
    p95: float
    basis: str
    """Where the figures come from."""

    def __str__(self) -> str:
        if self.median == self.p95:
            return f"{format_duration(self.p95)} by {self.basis}"
        return f"median {format_duration(self.median)}, p95 {format_duration(self.p95)} by {self.basis}"


@dataclass(frozen=True)
class Candidate:
    """A drill that may run in the box; ``drilled`` is the start of its last run (ISO 8601, UTC), empty for never."""

    name: str
    estimate: Estimate
    drilled: str = ""


@dataclass(frozen=True)
class LeftOut:
    """A candidate that does not fit; ``never`` where it would not fit into the empty box either."""

    candidate: Candidate
    why: str
    never: bool


@dataclass(frozen=True)
class BoxPlan:
    """What to start, in this order, and what not."""

    fits: tuple[Candidate, ...]
    left_out: tuple[LeftOut, ...]


def candidate(scenario: Scenario, path: str, rows: Sequence[HistoryRow], *, changes: tuple[str, ...] = ()) -> Candidate:
    """``scenario`` on ``path`` by its rows of the history, newest first; runs that were changed otherwise tell nothing.

    Every run counts for the rotation, also one that was cut off: what never ends must not come first every time.
    """
    same = [row for row in rows if row.changes == changes]
    drilled = max((row.wall for row in same), default="")
    return Candidate(f"{scenario.name} {path}", _estimate(scenario, path, same), drilled)


def _estimate(scenario: Scenario, path: str, rows: Sequence[HistoryRow]) -> Estimate:
    whole = sorted([row.took for row in rows if row.verdict in _WHOLE][:_COUNTED])
    if whole:
        runs = f"{len(whole)} earlier run" + "s" * (len(whole) > 1)
        return Estimate(statistics.median(whole), whole[math.ceil(0.95 * len(whole)) - 1], runs)
    declared = declared_duration(scenario, path)
    cut = max((row.took for row in rows), default=0.0)
    if cut > declared:
        return Estimate(cut, cut, "a run that was cut off then")
    return Estimate(declared, declared, "its windows and the limit of its provision, for it was never measured")


def declared_duration(scenario: Scenario, path: str) -> float:
    """A guess without a measurement: every declared window and the whole limit of the provision.

    The limits of all phases together would be ten times what a run takes; images that have to be built are not in it.
    """
    windows, chosen = scenario.windows, scenario.paths[path]
    attempts = 1 + len(chosen.remedies)
    watched = windows.settle + windows.sustained + windows.soak
    return scenario.timeouts.provision + windows.baseline + scenario.fault.within + attempts * watched


def plan_box(candidates: Sequence[Candidate], seconds: float) -> BoxPlan:
    """Fill ``seconds`` by p95, what was drilled longest ago (or never) first."""
    fits: list[Candidate] = []
    left_out: list[LeftOut] = []
    left = seconds
    for each in sorted(candidates, key=lambda one: one.drilled):
        needs = each.estimate.p95
        if needs > seconds:
            why = f"needs {format_duration(needs)}, the whole box has {format_duration(seconds)}"
            left_out.append(LeftOut(each, why, never=True))
        elif needs > left:
            rest = format_duration(left) if left else "nothing"
            left_out.append(LeftOut(each, f"needs {format_duration(needs)}, {rest} is left for it", never=False))
        else:
            fits.append(each)
            left -= needs
    return BoxPlan(tuple(fits), tuple(left_out))
