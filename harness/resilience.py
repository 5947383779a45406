"""The rollback resilience score: how many of the sabotages that were tried a path still recovered from, in its budgets.

One series is every sabotage that applies to a scenario and path, each in a run of its own. Its score lies in the
history of the runs folder, where the gate looks for it; the series itself in ``sabotage.json`` of a folder beside the
runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from harness.history import HISTORY_FILE, opened
from harness.model import Frozen, Verdict
from harness.record import RECOVERY_TIME, RunRecord, replace_text
from harness.sabotages import NothingToBreak, Saboteur, dice, saboteurs
from harness.scenario.models import Scenario

SERIES_FILE = "sabotage.json"
_COUNTED = (Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE)
"""Verdicts of a run that got as far as a judgement; *inconclusive* is no recovery."""


class LeftOut(Frozen):
    """A sabotage that has nothing to break here."""

    sabotage: str
    why: str


class Tried(Frozen):
    """What came of one sabotage. Seconds; None where it is not known."""

    sabotage: str
    breaks: str
    run: str
    verdict: Verdict
    recovered: bool | None
    """Inside the budgets; None where nothing was tried, or the run ended before a judgement."""
    nothing: bool = False
    """There was nothing to break after all."""
    attempt: int | None = None
    """The one that recovered."""
    recovery: float | None = None
    findings: tuple[str, ...] = ()
    what: str = ""
    """What exactly was broken."""
    why: str = ""


class Series(Frozen):
    """Every sabotage of a scenario and path, one after the other."""

    series: str
    scenario: str
    path: str
    seed: int
    wall: str
    """Start, ISO 8601, UTC."""
    commit: str = ""
    rto: float
    changes: tuple[str, ...] = ()
    order: tuple[str, ...]
    """What was to be tried, in this order."""
    tried: tuple[Tried, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def counted(self) -> tuple[Tried, ...]:
        """Those that broke something."""
        return tuple(each for each in self.tried if not each.nothing)

    @property
    def score(self) -> float | None:
        """Recovered over tried; None while one of them is not judged, or where there was nothing to try."""
        answers = [each.recovered for each in self.counted]
        if len(self.tried) < len(self.order) or not answers or None in answers:
            return None
        return sum(map(bool, answers)) / len(answers)

    @property
    def kept(self) -> bool:
        """Whether a gate may count on the score: the drill was not changed, and nothing was skipped."""
        return self.score is not None and not self.changes


def plan(scenario: Scenario, path: str, seed: int) -> tuple[tuple[Saboteur, ...], tuple[LeftOut, ...]]:
    """What applies, in the order of ``seed``, and what does not."""
    apply, left_out = [], []
    for each in sorted(saboteurs(), key=lambda one: one.name):
        if why := each.applies(scenario, path):
            left_out.append(LeftOut(sabotage=each.name, why=why))
        else:
            apply.append(each)
    dice(seed, "order").shuffle(apply)
    return tuple(apply), tuple(left_out)


def tried_of(who: Saboteur, record: RunRecord) -> Tried:
    """What ``record``, the run in which ``who`` was at work, says about it."""
    nothing = record.error is not None and record.error.error == NothingToBreak.__name__
    recovered = next((each.number for each in record.attempts if each.recovered), None)
    broken = [each.what for each in record.sabotages if each.sabotage == who.name]
    return Tried(
        sabotage=who.name,
        breaks=who.breaks,
        run=record.run,
        verdict=record.verdict,
        recovered=record.verdict == Verdict.PASSED if record.verdict in _COUNTED else None,
        nothing=nothing,
        attempt=recovered,
        recovery=record.metric(RECOVERY_TIME).value,
        findings=tuple(dict.fromkeys(f"{each.mode} {each.title}" for each in record.findings)),
        what="; ".join(broken),
        why=record.reasons[0] if record.reasons else "",
    )


class Score(Frozen):
    """A series as the gate sees it."""

    series: str
    scenario: str
    path: str
    wall: str
    seed: int
    tried: int
    recovered: int

    @property
    def value(self) -> float:
        """0 … 1."""
        return self.recovered / self.tried


def write_series(runs: Path, series: Series) -> None:
    """Write ``sabotage.json``, and the score where a gate may count on it. Raises OSError, EnvironmentProblem."""
    folder = runs / series.series
    folder.mkdir(parents=True, exist_ok=True)
    replace_text(folder / SERIES_FILE, series.model_dump_json(indent=1) + "\n")
    if series.kept:
        _append(runs, series)


def rebuild_scores(runs: Path) -> int:
    """Read every series below ``runs`` into the history again; how many of them have a score."""
    kept = 0
    for file in sorted(runs.glob(f"*/{SERIES_FILE}")):
        try:
            series = Series.model_validate_json(file.read_text(encoding="utf-8"))
        except (OSError, ValidationError):
            continue
        if series.kept:
            _append(runs, series)
            kept += 1
    return kept


def read_scores(runs: Path) -> Sequence[Score]:
    """The newest score of each scenario and path; no history has none. Raises EnvironmentProblem."""
    if not (runs / HISTORY_FILE).exists():
        return ()
    with opened(runs) as store:
        rows = store.execute("SELECT * FROM scores ORDER BY wall, series").fetchall()
    newest = {(row["scenario"], row["path"]): row for row in rows}
    return [Score.model_validate(dict(row)) for row in newest.values()]


def _append(runs: Path, series: Series) -> None:
    row = {name: getattr(series, name) for name in ("series", "scenario", "path", "wall", "seed")}
    row |= {"tried": len(series.counted), "recovered": sum(bool(each.recovered) for each in series.counted)}
    names = ", ".join(row)
    marks = ", ".join(f":{name}" for name in row)
    with opened(runs) as store, store:
        store.execute(f"INSERT OR REPLACE INTO scores ({names}) VALUES ({marks})", row)
