"""The events of a run, one type a line of its timeline. What they mean for a reader is in ``harness.record``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.model import Budgets, CheckResult, Cost, Effect, Finding, Forecast, Phase, ResidueRow, Verdict

FORMAT = 1
"""Version of the event format; raised when a reader of the older format could misread a run."""


class Event(BaseModel):
    """Base of every line. ``at`` is filled by the timeline when the event is written."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    at: float = 0.0


class RunStarted(Event):
    """First line of every timeline: what is drilled, by whom, and the anchor of the clock."""

    kind: Literal["run.started"] = "run.started"
    format: int = FORMAT
    run: str
    scenario: str
    scenario_file: str = ""
    """Relative to the folder that the run was started in, where it lies below it."""
    title: str
    path: str
    command: str
    wall: str
    """Wall-clock time of the anchor, ISO 8601, UTC."""
    monotonic: float
    """Value of the monotonic clock at the anchor."""
    pid: int
    operator: str
    commit: str
    expected_first_attempt: Literal["clean", "broken"]
    expected_findings: tuple[str, ...]
    teaches: tuple[str, ...]
    budgets: Budgets
    sustained: float
    """Seconds that a good window has to last to end the outage."""
    min_success: float
    """Share of good responses of a good window."""
    changes: tuple[str, ...] = ()
    """Overrides and mutations of this run, as the user gave them."""
    scenario_digest: str = ""
    """SHA-256 of the scenario file as it was read, hexadecimal; empty in runs of before it was kept."""


class PhaseStarted(Event):
    """A phase began. ``attempt`` counts from 1 in the phases attempt and verify."""

    kind: Literal["phase.started"] = "phase.started"
    phase: Phase
    attempt: int | None = None
    title: str = ""


class PhaseEnded(Event):
    """A phase ended. ``ok`` is about the phase itself: a broken first attempt is a finding, and ``ok`` is false."""

    kind: Literal["phase.ended"] = "phase.ended"
    phase: Phase
    attempt: int | None = None
    ok: bool
    summary: str = ""


class StepStarted(Event):
    """A step (a command of a path, a wait) began."""

    kind: Literal["step.started"] = "step.started"
    step: str
    phase: Phase
    attempt: int | None = None
    command: str = ""
    part_of: str = ""
    """The step that this one is a part of, such as a workflow; empty for a step of the scenario."""


class StepEnded(Event):
    """A step ended; ``exit_code`` is None where the step is no process. ``output`` is trimmed and redacted."""

    kind: Literal["step.ended"] = "step.ended"
    step: str
    phase: Phase
    attempt: int | None = None
    part_of: str = ""
    ok: bool
    took: float
    command: str = ""
    exit_code: int | None = None
    output: str = ""
    log: str = ""
    """Path of the whole output, relative to the run folder."""
    costs: tuple[Cost, ...] = ()


class ApiCalled(Event):
    """A tap saw one call of a step; ``at`` is its end. Bodies are never recorded."""

    kind: Literal["api.called"] = "api.called"
    service: str
    action: str
    resource: str = ""
    status: int | None
    """HTTP status; None where the connection was cut."""
    took: float
    """Seconds from the whole request to the whole answer."""
    error: str = ""
    """Code and message, where the answer was an error."""
    by: str = ""
    """The conformance rule or the sabotage that took part; empty where only the endpoint answered."""


class CheckDone(Event):
    """A check answered."""

    kind: Literal["check.done"] = "check.done"
    purpose: Literal["baseline", "fault", "detect", "verify"]
    attempt: int | None = None
    result: CheckResult


class Forecasted(Event):
    """A static look at the bad release, before it was deployed."""

    kind: Literal["forecast"] = "forecast"
    forecast: Forecast


class FaultJudged(Event):
    """The conformance check of the bad release: did the fault fire?"""

    kind: Literal["fault.judged"] = "fault.judged"
    fired: bool
    summary: str


class Detected(Event):
    """The outage was noticed, by whom and how."""

    kind: Literal["detected"] = "detected"
    by: str
    summary: str


class AttemptJudged(Event):
    """Attempt ``attempt`` was verified. ``acted`` is the time its steps took, ``converged`` the wait after them.

    ``writes_lost`` are acknowledged writes that the stack did not hold then; None where nobody could count them.
    """

    kind: Literal["attempt.judged"] = "attempt.judged"
    attempt: int
    name: str
    rung: str
    recovered: bool
    acted: float
    converged: float
    summary: str
    writes_lost: int | None = None


class NextDeployed(Event):
    """The release that comes next was deployed after attempt ``attempt``; ``ok``: who has to serve then does."""

    kind: Literal["next.deployed"] = "next.deployed"
    attempt: int
    release: str
    ok: bool
    summary: str


class FindingSeen(Event):
    """A finding was recorded."""

    kind: Literal["finding.seen"] = "finding.seen"
    finding: Finding


class SnapshotTaken(Event):
    """A snapshot was written to ``file`` (relative to the run folder)."""

    kind: Literal["snapshot.taken"] = "snapshot.taken"
    label: str
    file: str


class ResidueJudged(Event):
    """What differed from S0 when attempt ``attempt`` had ended."""

    kind: Literal["residue.judged"] = "residue.judged"
    attempt: int
    rows: tuple[ResidueRow, ...]


class WritesCounted(Event):
    """Acknowledged writes of the probe against what the stack holds at the end."""

    kind: Literal["writes.counted"] = "writes.counted"
    acknowledged: int
    lost: int | None
    """None where it could not be counted; the reason is in ``summary``."""
    summary: str = ""


class EffectsCounted(Event):
    """What left the stack since it was started, by the records of the services that it left through."""

    kind: Literal["effects.counted"] = "effects.counted"
    effects: tuple[Effect, ...]
    unknown: tuple[str, ...] = ()
    """Whose records could not be read, and why."""


class SabotageStarted(Event):
    """Something of the machinery was broken on purpose: ``what`` exactly; ``simulated`` where it stands for another."""

    kind: Literal["sabotage.started"] = "sabotage.started"
    sabotage: str
    what: str
    simulated: bool = False


class SabotageEnded(Event):
    """It was mended. ``said`` is what became of it, where that is worth a line; ``met``: it came to pass at all."""

    kind: Literal["sabotage.ended"] = "sabotage.ended"
    sabotage: str
    said: str = ""
    met: bool = True


class StackFact(Event):
    """Something true about this stack: a version, an endpoint, and whether that part is simulated."""

    kind: Literal["stack.fact"] = "stack.fact"
    name: str
    value: str
    simulated: bool = False


class ReleaseResolved(Event):
    """A release of this run, and what exactly it is where that can be said by a digest."""

    kind: Literal["release.resolved"] = "release.resolved"
    role: Literal["good", "bad", "next"]
    release: str
    version: str
    image: str = ""
    digest: str = ""
    """``sha256:…`` of the image; empty where it is none, or a tag that its registry may move."""


class Noted(Event):
    """A sentence for the reader of the timeline."""

    kind: Literal["noted"] = "noted"
    text: str


class Failed(Event):
    """An error ended the normal course of the run; teardown follows."""

    kind: Literal["failed"] = "failed"
    phase: Phase
    error: str
    message: str
    next_step: str = ""


class InterruptedBy(Event):
    """A signal, the time box or the death of the run's process ended the run."""

    kind: Literal["interrupted"] = "interrupted"
    by: str


class LeftBehind(Event):
    """Teardown could not remove this."""

    kind: Literal["left.behind"] = "left.behind"
    resource: str
    reason: str


class Undelivered(Event):
    """A notification did not reach somebody; it changes nothing else."""

    kind: Literal["undelivered"] = "undelivered"
    message: str
    """What it would have said: ``started``, ``result``."""
    to: str
    """The scheme of the target's URL; the rest of it is secret."""
    reason: str


class VerdictReached(Event):
    """The judgement, persisted before teardown starts."""

    kind: Literal["verdict"] = "verdict"
    verdict: Verdict
    reasons: tuple[str, ...]


AnyEvent = Annotated[
    RunStarted
    | PhaseStarted
    | PhaseEnded
    | StepStarted
    | StepEnded
    | ApiCalled
    | CheckDone
    | Forecasted
    | FaultJudged
    | Detected
    | AttemptJudged
    | NextDeployed
    | FindingSeen
    | SnapshotTaken
    | ResidueJudged
    | WritesCounted
    | EffectsCounted
    | SabotageStarted
    | SabotageEnded
    | StackFact
    | ReleaseResolved
    | Noted
    | Failed
    | InterruptedBy
    | LeftBehind
    | Undelivered
    | VerdictReached,
    Field(discriminator="kind"),
]
