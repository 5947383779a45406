"""How recovery developed: one scenario and path over its runs, and whether the newest is more than noise.

The test is the modified z-score of Iglewicz and Hoaglin (How to Detect and Handle Outliers, ASQC 1993; NIST/SEMATECH
e-Handbook of Statistical Methods, 1.3.5.17): 0.6745 · (x - median) / MAD, beyond 3.5. Median and median absolute
deviation of the earlier runs are not moved by the odd slow one, which mean and standard deviation would be.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from harness.history import HistoryRow
from harness.model import Frozen

LEAST = 5
"""Earlier runs without which nothing is called noise or more."""
WINDOW = 30
"""Earlier runs that are looked at: what was normal long ago is no measure."""
BEYOND = 3.5
_CONSISTENT = 0.6745
"""MAD of a normal distribution, in standard deviations."""
_CONSISTENT_MEAN = 1.2533
"""Standard deviation of a normal distribution, in mean absolute deviations; for a MAD of 0, as IBM SPSS has it."""
_RESOLUTION = 0.001
"""Seconds; in place of a spread of 0, where all earlier values are the same."""


@dataclass(frozen=True)
class Noise:
    """The newest value against those before it."""

    typical: float
    """Their median."""
    score: float
    """Modified z-score."""

    @property
    def beyond(self) -> bool:
        """Whether it is more than noise."""
        return abs(self.score) > BEYOND


class Trend(Frozen):
    """One scenario and path, over its last runs that count (``HistoryRow.counts``). Newest last."""

    scenario: str
    path: str
    newest: HistoryRow
    change: float | None
    """Recovery time of the newest run less that of the run before, seconds; None where one has none."""
    typical: float | None
    """Median recovery time of the earlier runs; None where there are fewer than five."""
    score: float | None
    beyond_noise: bool | None
    """None: not known, too few earlier runs or no recovery."""
    recovery: tuple[float | None, ...]
    first_attempt_clean: tuple[bool | None, ...]


def noise(value: float, earlier: Sequence[float]) -> Noise | None:
    """``value`` against ``earlier``; None where there are fewer than five."""
    if len(earlier) < LEAST:
        return None
    typical = statistics.median(earlier)
    distances = [abs(each - typical) for each in earlier]
    spread = statistics.median(distances) / _CONSISTENT or statistics.fmean(distances) * _CONSISTENT_MEAN
    return Noise(typical, (value - typical) / (spread or _RESOLUTION))


def trends(rows: Sequence[HistoryRow]) -> tuple[Trend, ...]:
    """The trend of every scenario and path in ``rows`` (newest first), by name."""
    drills: dict[tuple[str, str], list[HistoryRow]] = defaultdict(list)
    for row in rows:
        if row.counts:
            drills[row.scenario, row.path].append(row)
    return tuple(_trend(drills[drill]) for drill in sorted(drills))


def _trend(rows: Sequence[HistoryRow]) -> Trend:
    newest, earlier = rows[0], [each.recovery for each in rows[1:] if each.recovery is not None][:WINDOW]
    before = rows[1].recovery if len(rows) > 1 else None
    found = None if newest.recovery is None else noise(newest.recovery, earlier)
    shown = tuple(reversed(rows[: WINDOW + 1]))
    return Trend(
        scenario=newest.scenario,
        path=newest.path,
        newest=newest,
        change=None if newest.recovery is None or before is None else newest.recovery - before,
        typical=found.typical if found else None,
        score=found.score if found else None,
        beyond_noise=found.beyond if found else None,
        recovery=tuple(each.recovery for each in shown),
        first_attempt_clean=tuple(each.first_attempt_clean for each in shown),
    )
