"""The types of a run record. Times are seconds since the run's anchor, durations are seconds; None is *not known*."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.model import (
    Budgets,
    CheckResult,
    Cost,
    Effect,
    Finding,
    Forecast,
    Frozen,
    Latency,
    Metric,
    Phase,
    ResidueRow,
    Verdict,
)

DETECT_TIME = "time to detect"
"""Metric: first bad response to its detection, seconds."""
ATTEMPT_TIME = "attempt"
"""Prefix of one metric an attempt (``attempt 1``): its steps and the wait after them, seconds."""
RECOVERY_TIME = "recovery time"
"""Metric: first bad response to the start of the sustained good window, as the probe saw it, seconds."""
REQUESTS_FAILED = "requests failed"
"""Metric: failed share of the requests from the first bad response to the end of the watch, 0 … 1."""
WRITES_LOST = "writes lost"
DECIDE_TIME = "time to decide"
SEND_LAG = "how late the probe sent at worst"
"""Metric: acknowledged writes that the stack does not hold at the end, rows."""


class PhaseRecord(Frozen):
    """One phase. ``ended`` and ``ok`` are None where the run ended inside it."""

    name: Phase
    attempt: int | None = None
    started: float
    ended: float | None = None
    ok: bool | None = None
    summary: str = ""


class CallRecord(Frozen):
    """One API call of a step, as its tap saw it."""

    started: float
    took: float
    service: str
    action: str
    resource: str = ""
    status: int | None
    error: str = ""
    by: str = ""


class StepRecord(Frozen):
    """One step; ``ok`` and ``took`` are None where it never ended, ``exit_code`` also where it is no process."""

    step: str
    phase: Phase
    attempt: int | None = None
    part_of: str = ""
    """The step that this one is a part of, such as a workflow; empty for a step of the scenario."""
    command: str = ""
    started: float | None = None
    took: float | None = None
    ok: bool | None = None
    exit_code: int | None = None
    output: str = ""
    log: str = ""
    """Path of the whole output, relative to the run folder."""
    calls: tuple[CallRecord, ...] = ()
    costs: tuple[Cost, ...] = ()


class NextRecord(Frozen):
    """The deploy after a recovery: ``ok`` where the release that had to serve then did."""

    release: str
    ok: bool
    summary: str


class AttemptRecord(Frozen):
    """One attempt with everything that belongs to it. ``recovered`` is None where it was never judged."""

    number: int
    name: str
    rung: str = ""
    recovered: bool | None = None
    acted: float | None = None
    converged: float | None = None
    started: float | None = None
    summary: str = ""
    writes_lost: int | None = None
    """Acknowledged writes that were not there when the attempt was judged; None where they were not counted."""
    next: NextRecord | None = None
    """None where nothing was deployed after this attempt."""
    steps: tuple[StepRecord, ...] = ()
    findings: tuple[Finding, ...] = ()
    residue: tuple[ResidueRow, ...] | None = None
    """None where nothing was compared after this attempt."""


class CheckRecord(Frozen):
    """The last answer of one check for one purpose (and attempt)."""

    at: float
    purpose: Literal["baseline", "fault", "detect", "verify"]
    attempt: int | None = None
    result: CheckResult


class Detection(Frozen):
    """Who noticed the outage, when and how."""

    by: str
    at: float
    summary: str


class FaultRecord(Frozen):
    """Whether the bad release did harm."""

    fired: bool
    summary: str


class OutageRecord(Frozen):
    """The outage as the probe saw it; ``recovered`` and ``duration`` are None where it never ended."""

    first_bad: float
    recovered: float | None = None
    duration: float | None = None


class RequestsRecord(Frozen):
    """Requests from the first bad response to the end of the watch."""

    failed: int
    total: int


class LatencyRecord(Frozen):
    """Latency before, during and after the outage; None where no request fell into it."""

    before: Latency | None = None
    during: Latency | None = None
    after: Latency | None = None


class WritesRecord(Frozen):
    """Acknowledged writes and how many of them are gone; ``lost`` is None where it could not be counted."""

    acknowledged: int
    lost: int | None
    summary: str = ""


class EffectRecord(Effect):
    """An effect since S0. ``duplicate``: the same one had happened before, also before S0."""

    duplicate: bool


class EffectsRecord(Frozen):
    """What left the stack since S0, oldest first, and whose records could not be read."""

    effects: tuple[EffectRecord, ...]
    unknown: tuple[str, ...] = ()


class Compared(Frozen):
    """A layer of snapshot S0 and how many keys of it were compared afterwards."""

    layer: str
    keys: int


class Fact(Frozen):
    """Something true about the stack."""

    name: str
    value: str
    simulated: bool = False


class ReleaseRecord(Frozen):
    """A release that was drilled; ``digest`` (``sha256:…``) is empty where only its name is known."""

    role: Literal["good", "bad", "next"]
    release: str
    version: str
    image: str = ""
    digest: str = ""


class SabotageRecord(Frozen):
    """What was broken on purpose, and how long; ``ended`` is None where the run ended before it was mended."""

    sabotage: str
    what: str
    simulated: bool = False
    started: float
    ended: float | None = None
    said: str = ""
    met: bool = True
    """False where it never came to pass, such as a runner that was done before it could be killed."""


class LeftOver(Frozen):
    """Something that teardown could not remove."""

    resource: str
    reason: str


class Untold(Frozen):
    """A notification (``started``, ``result``) that did not reach somebody; ``to`` is the scheme of their URL."""

    message: str
    to: str
    reason: str


class RunError(Frozen):
    """The first error that ended the normal course of the run."""

    phase: Phase
    error: str
    message: str
    next_step: str = ""


class RunRecord(Frozen):
    """Everything that is known about one run (``run.json``)."""

    schema_version: Literal["drill.run/1"] = "drill.run/1"
    run: str
    scenario: str
    scenario_file: str = ""
    """Relative to the folder that the run was started in, where it lies below it."""
    title: str
    path: str
    command: str
    """How to run it again."""
    wall: str
    """Wall-clock time of the anchor, ISO 8601, UTC."""
    took: float
    """Time of the last event."""
    operator: str
    commit: str
    changes: tuple[str, ...] = ()
    scenario_digest: str = ""
    """SHA-256 of the scenario file, hexadecimal; empty where it was not kept."""
    releases: tuple[ReleaseRecord, ...] = ()
    teaches: tuple[str, ...] = ()
    expected_first_attempt: Literal["clean", "broken"]
    expected_findings: tuple[str, ...] = ()
    budgets: Budgets
    sustained: float
    min_success: float = Field(gt=0, le=1)
    phases: tuple[PhaseRecord, ...] = ()
    attempts: tuple[AttemptRecord, ...] = ()
    findings: tuple[Finding, ...] = ()
    residue: tuple[ResidueRow, ...] | None = None
    """Of the last attempt that was judged; None where nothing was compared."""
    compared: tuple[Compared, ...] = ()
    checks: tuple[CheckRecord, ...] = ()
    forecast: Forecast | None = None
    """What a static look said before; None where nobody looked."""
    fault: FaultRecord | None = None
    detected: Detection | None = None
    outage: OutageRecord | None = None
    requests: RequestsRecord | None = None
    metrics: tuple[Metric, ...] = ()
    latency: LatencyRecord = LatencyRecord()
    writes: WritesRecord | None = None
    effects: EffectsRecord | None = None
    """None where nothing of the stack keeps such records, or they were not asked."""
    facts: tuple[Fact, ...] = ()
    steps: tuple[StepRecord, ...] = ()
    sabotages: tuple[SabotageRecord, ...] = ()
    left_behind: tuple[LeftOver, ...] = ()
    notes: tuple[str, ...] = ()
    untold: tuple[Untold, ...] = ()
    error: RunError | None = None
    interrupted_by: str = ""
    verdict: Verdict
    reasons: tuple[str, ...] = ()

    def metric(self, name: str) -> Metric:
        """The metric ``name``; without a value where it was not measured."""
        return next((each for each in self.metrics if each.name == name), Metric(name=name, value=None, unit=""))

    def phase(self, name: Phase, attempt: int | None = None) -> PhaseRecord | None:
        """The last phase ``name`` (of ``attempt``, where given); None where the run did not get there."""
        found = [each for each in self.phases if each.name == name and attempt in (None, each.attempt)]
        return found[-1] if found else None

    def verify_checks(self, attempt: int) -> tuple[CheckResult, ...]:
        """Last answers of the checks that verified ``attempt``."""
        return tuple(c.result for c in self.checks if c.purpose == "verify" and c.attempt == attempt)
