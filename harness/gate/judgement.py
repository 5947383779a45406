"""The judgement of a gate: a pure function of policy, history and the time.

The newest run of a scenario and path decides, whatever it came to; an older one that passed is history. Runs with
changes (``--set``, ``--without``) are other drills and are not looked at. *Unknown* never counts as met.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from harness.gate.policy import Policy, Requirement, subjects
from harness.history import HistoryRow
from harness.model import Frozen, Verdict
from harness.resilience import Score
from harness.scenario.models import Scenario
from harness.units import figure, format_duration


class State(StrEnum):
    """How a requirement stands."""

    MET = "met"
    NOT_MET = "not met"
    STALE = "stale"
    MISSING = "missing"
    EDITED = "edited"


class Judged(Frozen):
    """One path of one scenario against one requirement."""

    scenario: str
    path: str
    state: State
    reason: str
    settle: str = ""
    """The command that would settle it; empty where nothing is open, or where only the policy can."""
    unrehearsed: bool = False
    """Nothing recent has judged it: what ``drill gate --run`` runs. A drill that failed is not run until it passes."""
    run: str = ""
    """The run that decided; empty where there is none."""


Edited = Callable[[HistoryRow], bool | None]
"""Whether a run's record is not what the run wrote; None where the record is gone."""


def judge(
    policy: Policy,
    scenarios: Mapping[str, Scenario],
    rows: Sequence[HistoryRow],
    now: datetime,
    edited: Edited,
    scores: Sequence[Score] = (),
) -> tuple[Judged, ...]:
    """Every requirement of ``policy``, path by path, in its order.

    Args:
        scenarios: by name; where labels and declarations are looked up.
        rows: the history, in any order.
        now: aware of its time zone.
        scores: the newest resilience score of each scenario and path.
    """
    scored = {(each.scenario, each.path): each for each in scores}
    newest: dict[tuple[str, str], HistoryRow] = {}
    for row in sorted((each for each in rows if not each.changes), key=_started):
        newest[row.scenario, row.path] = row
    changed = {(row.scenario, row.path) for row in rows if row.changes}
    judged = []
    for required in policy.require:
        for scenario in subjects(required.scenario, required.label, scenarios):
            for path in _paths(required, scenario):
                drill = scenario.name, path
                case = _Case(
                    required, scenario, path, newest.get(drill), drill in changed, now, edited, scored.get(drill)
                )
                judged.append(next(case.answers()))
    return tuple(judged)


def _paths(required: Requirement, scenario: Scenario) -> Sequence[str]:
    """The paths that are asked for; where every one of a scenario teaches, the first, which then is not met."""
    wanted = required.paths or [
        name for name, path in scenario.paths.items() if required.first_attempt in ("any", path.first_attempt)
    ]
    return wanted or [scenario.default_path()]


def _started(row: HistoryRow) -> tuple[datetime, str]:
    """When a run started; of two at the same moment the later name is the newer."""
    return _at(row.wall), row.run


def _at(text: str) -> datetime:
    wall = datetime.fromisoformat(text)
    return wall if wall.tzinfo else wall.replace(tzinfo=UTC)


@dataclass(frozen=True)
class _Case:
    """One requirement, one path, and the run that decides."""

    required: Requirement
    scenario: Scenario
    path: str
    row: HistoryRow | None
    changed: bool
    now: datetime
    edited: Edited
    score: Score | None = None

    def answers(self) -> Iterator[Judged]:
        """What there is to say, in order of weight: the first one is the answer."""
        if self.required.first_attempt == "clean" and self.scenario.paths[self.path].first_attempt == "broken":
            reason = "the path is declared `first_attempt: broken`: it teaches, and cannot be what a release relies on"
            yield self._say(State.NOT_MET, reason)
        if self.row:
            yield from self._of_run(self.row)
        else:
            but = "; those with --set or --without are other drills" if self.changed else ""
            yield self._say(State.MISSING, f"no run{but}", settle=self._run, unrehearsed=True)

    def _of_run(self, row: HistoryRow) -> Iterator[Judged]:
        age = (self.now - _started(row)[0]).total_seconds()
        ago = f"{format_duration(age)} ago"
        edited = self.edited(row)
        if edited:
            yield self._say(State.EDITED, f"run.json of {row.run} is not what the run wrote", settle=self._run)
        if age < 0:
            reason = f"the newest run is dated {row.wall}, which is yet to come: is a clock wrong?"
            yield self._say(State.NOT_MET, reason, settle=f"drill history {row.scenario}")
        if row.verdict != Verdict.PASSED:
            unjudged = row.verdict in (Verdict.INTERRUPTED, Verdict.ERROR)
            reason = f"the newest run, {ago}, came to: {row.verdict}{_findings(row)}"
            yield self._say(State.NOT_MET, reason, settle=self._run, unrehearsed=unjudged)
        if age > self.required.max_age:
            reason = f"passed {ago}, the limit is {format_duration(self.required.max_age)}"
            yield self._say(State.STALE, reason, settle=self._run, unrehearsed=True)
        if short := [reason for reason, enough in self._figures(row) if not enough]:
            yield self._say(State.NOT_MET, "; ".join(short), settle=self._run)
        yield from self._of_score()
        gone = ("its folder is gone, so the record could not be looked at",) if edited is None else ()
        yield self._say(State.MET, "; ".join((f"passed {ago}", *(reason for reason, _ in self._figures(row)), *gone)))

    def _of_score(self) -> Iterator[Judged]:
        """What is wrong with the score where one is asked for: there is none, or it is too old."""
        if self.required.min_score is None:
            return
        settle = f"drill sabotage {self.scenario.name} --path {self.path}"
        if self.score is None:
            told = f"no resilience score is known, {self.required.min_score:.0%} asked for"
            yield self._say(State.MISSING, told, settle=settle)
            return
        age = (self.now - _at(self.score.wall)).total_seconds()
        if age > self.required.max_age:
            limit = format_duration(self.required.max_age)
            told = f"the resilience score is of {format_duration(age)} ago, the limit is {limit}"
            yield self._say(State.STALE, told, settle=settle)
        if self.score.value < self.required.min_score:
            yield self._say(State.NOT_MET, self._scored(self.score), settle=settle)

    def _scored(self, score: Score) -> str:
        told = f"resilience score {score.value:.0%}, {score.recovered} of {score.tried} sabotages"
        return f"{told}, the least is {self.required.min_score:.0%}"

    def _figures(self, row: HistoryRow) -> Iterator[tuple[str, bool]]:
        """Each figure that the policy limits, and whether it is within; an unknown one is not."""
        asked = self.required
        if asked.rto is not None:
            told = f"recovery time {figure(row.recovery, 's')}, the limit is {format_duration(asked.rto)}"
            yield told, row.recovery is not None and row.recovery <= asked.rto
        if asked.rpo is not None:
            told = f"writes lost: {figure(row.writes_lost, '')}, the limit is {asked.rpo}"
            yield told, row.writes_lost is not None and row.writes_lost <= asked.rpo
        if asked.first_attempt == "clean":
            state = {True: "clean", False: f"broken{_findings(row)}", None: "never judged"}[row.first_attempt_clean]
            yield f"first attempt {state}", row.first_attempt_clean is True
        if asked.min_score is not None and self.score and self.score.value >= asked.min_score:
            yield self._scored(self.score), True  # another one has been said before

    @property
    def _run(self) -> str:
        return f"drill run {self.scenario.name} --path {self.path}"

    def _say(self, state: State, reason: str, *, settle: str = "", unrehearsed: bool = False) -> Judged:
        return Judged(
            scenario=self.scenario.name,
            path=self.path,
            state=state,
            reason=reason,
            settle=settle,
            unrehearsed=unrehearsed,
            run=self.row.run if self.row else "",
        )


def _findings(row: HistoryRow) -> str:
    return f" ({', '.join(row.findings)})" if row.findings else ""
