"""Fold of the timeline: events in, what is known about the run out. One small handler an event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import singledispatchmethod
from typing import TypeVar

from harness.events import (
    AnyEvent,
    ApiCalled,
    AttemptJudged,
    CheckDone,
    Detected,
    EffectsCounted,
    Event,
    Failed,
    FaultJudged,
    FindingSeen,
    Forecasted,
    InterruptedBy,
    LeftBehind,
    NextDeployed,
    Noted,
    PhaseEnded,
    PhaseStarted,
    ReleaseResolved,
    ResidueJudged,
    RunStarted,
    SabotageEnded,
    SabotageStarted,
    SnapshotTaken,
    StackFact,
    StepEnded,
    StepStarted,
    Undelivered,
    VerdictReached,
    WritesCounted,
)
from harness.model import Finding, Forecast, Phase, ResidueRow
from harness.record._model import (
    AttemptRecord,
    CallRecord,
    CheckRecord,
    Detection,
    Fact,
    FaultRecord,
    LeftOver,
    NextRecord,
    PhaseRecord,
    ReleaseRecord,
    RunError,
    SabotageRecord,
    StepRecord,
    Untold,
    WritesRecord,
)


@dataclass
class Story:
    """State of the fold; grows event by event and is read when the last one was taken in."""

    start: RunStarted | None = None
    last_at: float = 0.0
    phases: list[PhaseRecord] = field(default_factory=list)
    steps: list[StepRecord] = field(default_factory=list)
    checks: dict[tuple[str, int | None, str, str], CheckRecord] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    residue: dict[int, tuple[ResidueRow, ...]] = field(default_factory=dict)
    nexts: dict[int, NextRecord] = field(default_factory=dict)
    """What came of the deploy after an attempt, by its number."""
    snapshots: dict[str, str] = field(default_factory=dict)
    taken: dict[str, float] = field(default_factory=dict)
    """When each snapshot was written, by label."""
    facts: dict[str, Fact] = field(default_factory=dict)
    releases: list[ReleaseRecord] = field(default_factory=list)
    sabotages: list[SabotageRecord] = field(default_factory=list)
    left_behind: list[LeftOver] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    untold: list[Untold] = field(default_factory=list)
    forecast: Forecast | None = None
    fault: FaultRecord | None = None
    detected: Detection | None = None
    writes: WritesRecord | None = None
    counted: EffectsCounted | None = None
    error: RunError | None = None
    interrupted_by: str = ""
    verdict: VerdictReached | None = None
    _attempts: dict[int, AttemptRecord] = field(default_factory=dict)

    def attempts(self) -> tuple[AttemptRecord, ...]:
        """Attempts in order, each with its steps, findings and residue."""
        return tuple(
            known.model_copy(
                update={
                    "steps": tuple(s for s in self.steps if s.phase == Phase.ATTEMPT and s.attempt == number),
                    "findings": tuple(f for f in self.findings if f.attempt == number),
                    "residue": self.residue.get(number),
                    "next": self.nexts.get(number),
                }
            )
            for number, known in sorted(self._attempts.items())
        )

    @singledispatchmethod
    def take(self, event: Event) -> None:
        """Take ``event`` in. An event that no report needs changes nothing."""

    @take.register
    def _(self, event: RunStarted) -> None:
        self.start = event

    @take.register
    def _(self, event: PhaseStarted) -> None:
        self.phases.append(PhaseRecord(name=event.phase, attempt=event.attempt, started=event.at, summary=event.title))
        if event.phase == Phase.ATTEMPT and event.attempt is not None:
            self._attempts[event.attempt] = AttemptRecord(number=event.attempt, name=event.title, started=event.at)

    @take.register
    def _(self, event: PhaseEnded) -> None:
        change: dict[str, object] = {"ended": event.at, "ok": event.ok}
        if event.summary:
            change["summary"] = event.summary
        _update_last(
            self.phases, lambda p: p.ended is None and (p.name, p.attempt) == (event.phase, event.attempt), change
        )

    @take.register
    def _(self, event: StepStarted) -> None:
        self.steps.append(StepRecord(started=event.at, **event.model_dump(exclude={"kind", "at"})))

    @take.register
    def _(self, event: StepEnded) -> None:
        change = event.model_dump(include={"took", "ok", "exit_code", "output", "log"}) | {"costs": event.costs}
        if event.command:
            change["command"] = event.command
        where = event.model_dump(include={"step", "phase", "attempt", "part_of"})
        if not _update_last(self.steps, lambda s: s.ok is None and s.model_dump(include={*where}) == where, change):
            self.steps.append(StepRecord(**where, **change))

    @take.register
    def _(self, event: ApiCalled) -> None:
        call = CallRecord(started=event.at - event.took, **event.model_dump(exclude={"kind", "at"}))
        # A call that began after the end of a step is of a process that the step left running. One that was still
        # under way when its step was cut off is told of a moment later, and is the step's.
        step = next((each for each in reversed(self.steps) if _runs_at(each, call.started)), None)
        if step:
            _update_last(self.steps, lambda each: each is step, {"calls": (*step.calls, call)})

    @take.register
    def _(self, event: CheckDone) -> None:
        # A check is asked again and again while the drill waits: its last answer is the one that counts.
        key = (event.purpose, event.attempt, event.result.name, event.result.expected)
        self.checks[key] = CheckRecord(at=event.at, purpose=event.purpose, attempt=event.attempt, result=event.result)

    @take.register
    def _(self, event: Forecasted) -> None:
        self.forecast = event.forecast

    @take.register
    def _(self, event: FaultJudged) -> None:
        self.fault = FaultRecord(fired=event.fired, summary=event.summary)

    @take.register
    def _(self, event: Detected) -> None:
        if self.detected is None:  # the first one noticed it; whoever came later only agreed
            self.detected = Detection(by=event.by, at=event.at, summary=event.summary)

    @take.register
    def _(self, event: AttemptJudged) -> None:
        known = self._attempts.get(event.attempt)
        self._attempts[event.attempt] = AttemptRecord(
            number=event.attempt,
            started=known.started if known else None,
            **event.model_dump(include={"name", "rung", "recovered", "acted", "converged", "summary", "writes_lost"}),
        )

    @take.register
    def _(self, event: NextDeployed) -> None:
        self.nexts[event.attempt] = NextRecord(release=event.release, ok=event.ok, summary=event.summary)

    @take.register
    def _(self, event: FindingSeen) -> None:
        self.findings.append(event.finding)

    @take.register
    def _(self, event: SnapshotTaken) -> None:
        self.snapshots[event.label] = event.file
        self.taken[event.label] = event.at

    @take.register
    def _(self, event: ResidueJudged) -> None:
        self.residue[event.attempt] = event.rows

    @take.register
    def _(self, event: WritesCounted) -> None:
        self.writes = WritesRecord(acknowledged=event.acknowledged, lost=event.lost, summary=event.summary)

    @take.register
    def _(self, event: EffectsCounted) -> None:
        self.counted = event

    @take.register
    def _(self, event: StackFact) -> None:
        self.facts[event.name] = Fact(name=event.name, value=event.value, simulated=event.simulated)

    @take.register
    def _(self, event: ReleaseResolved) -> None:
        self.releases.append(ReleaseRecord(**event.model_dump(exclude={"at", "kind"})))

    @take.register
    def _(self, event: SabotageStarted) -> None:
        told = event.model_dump(include={"sabotage", "what", "simulated"})
        self.sabotages.append(SabotageRecord(started=event.at, **told))

    @take.register
    def _(self, event: SabotageEnded) -> None:
        change: dict[str, object] = {"ended": event.at, "said": event.said, "met": event.met}
        _update_last(self.sabotages, lambda s: s.ended is None and s.sabotage == event.sabotage, change)

    @take.register
    def _(self, event: LeftBehind) -> None:
        self.left_behind.append(LeftOver(resource=event.resource, reason=event.reason))

    @take.register
    def _(self, event: Undelivered) -> None:
        self.untold.append(Untold(message=event.message, to=event.to, reason=event.reason))

    @take.register
    def _(self, event: Noted) -> None:
        self.notes.append(event.text)

    @take.register
    def _(self, event: Failed) -> None:
        if self.error is None:  # what failed afterwards, in teardown too, never hides the first one
            self.error = RunError(
                phase=event.phase, error=event.error, message=event.message, next_step=event.next_step
            )

    @take.register
    def _(self, event: InterruptedBy) -> None:
        self.interrupted_by = self.interrupted_by or event.by

    @take.register
    def _(self, event: VerdictReached) -> None:
        self.verdict = event


def fold(events: Iterable[AnyEvent]) -> Story:
    """The story of ``events``, in the order in which they were written."""
    story = Story()
    for event in _without_reporting(events):
        story.take(event)
        story.last_at = max(story.last_at, event.at)
    return story


def _without_reporting(events: Iterable[AnyEvent]) -> Iterator[AnyEvent]:
    """What the run did, without the writing of its report: a report rendered again is the same to the byte."""
    reporting = False
    for event in events:
        if isinstance(event, PhaseStarted | PhaseEnded) and event.phase == Phase.REPORT:
            reporting = True
        elif not (reporting and isinstance(event, Noted)):
            yield event


_Record = TypeVar("_Record", PhaseRecord, StepRecord, SabotageRecord)


def _runs_at(step: StepRecord, at: float) -> bool:
    return step.started is not None and step.started <= at and (step.took is None or at <= step.started + step.took)


def _update_last(records: list[_Record], wanted: Callable[[_Record], bool], change: dict[str, object]) -> bool:
    for index in range(len(records) - 1, -1, -1):
        if wanted(records[index]):
            records[index] = records[index].model_copy(update=change)
            return True
    return False
