"""The vocabulary of a drill as types. Nothing here does anything.

Durations are seconds (float); times are seconds since the run's anchor on the monotonic clock.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Frozen(BaseModel):
    """Base of every value that crosses a border: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Phase(StrEnum):
    """The phases of one run, in order. Every run walks a prefix of these, then the last three."""

    PREFLIGHT = "preflight"
    PROVISION = "provision"
    RELEASE_GOOD = "release good"
    BASELINE = "baseline"
    RELEASE_BAD = "release bad"
    DETECT = "detect"
    ATTEMPT = "attempt"
    VERIFY = "verify"
    VERDICT = "verdict"
    TEARDOWN = "teardown"
    REPORT = "report"


class Outcome(StrEnum):
    """Answer of a check. ``unknown`` never counts as ``pass``."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"

    @classmethod
    def worst(cls, outcomes: list[Outcome]) -> Outcome:
        """The worst wins: fail before unknown before pass. No answers at all is unknown."""
        for candidate in (cls.FAIL, cls.UNKNOWN):
            if candidate in outcomes:
                return candidate
        return cls.PASS if outcomes else cls.UNKNOWN


ACCEPTED = "accept the loss"
"""The rung of the ladder of remedies on which a path says that data stays lost or changed."""


class Verdict(StrEnum):
    """Result of a run."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    INTERRUPTED = "interrupted"
    ERROR = "error"
    """The environment broke before a judgement was possible (exit code 4)."""


class ResidueClass(StrEnum):
    """What a difference that stayed behind means."""

    HARMLESS = "harmless"
    BREAKS_OLD_RELEASE = "breaks the old release"
    LOST_OR_CHANGED_DATA = "lost or changed data"
    CANNOT_BE_UNDONE = "cannot be undone"


class CheckResult(Frozen):
    """Answer of one check, with what a reader needs to believe it."""

    name: str
    outcome: Outcome
    expected: str = ""
    seen: str = ""
    evidence: tuple[str, ...] = ()
    """Lines that prove ``seen``: the failing request, the log lines that belong to it, a SQL row."""


class Cost(Frozen):
    """What a step did to data, as the team's own script counted it: ``rows repaired``, 66."""

    what: str = Field(min_length=1, max_length=80)
    count: int = Field(ge=0)


class Reach(StrEnum):
    """How far a change goes beyond what a rollback of the code brings back; each is worse than the one before."""

    REVERSIBLE = "reversible"
    NO_LOSS = "irreversible without data loss"
    DESTRUCTIVE = "destructive"


class Forecast(Frozen):
    """What a static look said before the bad release was deployed: of its changes, or of the way back."""

    reach: Reach | None = None
    """None where it looked at something else than the release's changes."""
    why: tuple[str, ...] = ()
    tells: tuple[str, ...] = ()
    """Failure modes that it saw coming."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.reach is None and not self.why:
            raise ValueError("at least one of `reach` and `why`")
        return self


class ResidueRow(Frozen):
    """One thing that is not as it was at S0."""

    layer: str
    key: str
    before: str
    after: str
    residue_class: ResidueClass
    note: str = ""


class EffectKind(StrEnum):
    """What left the stack."""

    MAIL = "mail"
    CHARGE = "charge"
    MESSAGE = "message"


class Effect(Frozen):
    """Something done to the outside world: no rollback takes it back."""

    kind: EffectKind
    key: str
    """What it was for (``order 17``). The same kind, key and addressee again is a duplicate."""
    to: str
    """Addressee: a recipient, a card, a queue."""
    at: float
    release: str = ""
    """Version of the release that caused it; empty where that is not known."""


class Finding(Frozen):
    """Something that broke: its class in the catalogue, its evidence and the second it was seen."""

    mode: str
    """Id in the failure-mode catalogue (``D3``), or ``unclassified``."""
    title: str
    seen_at: float
    attempt: int
    check: str
    evidence: tuple[str, ...]
    why: str = ""
    prevent: str = ""
    sources: tuple[str, ...] = ()


class Snapshot(Frozen):
    """State of every layer of the stack at one moment: layer → key → value, all text."""

    label: str
    taken_at: float
    layers: dict[str, dict[str, str]]


class Budgets(Frozen):
    """Limits that decide between passed and failed. Seconds, rows, ratios."""

    rto: float = Field(gt=0)
    rpo: int = Field(ge=0)
    detect: float | None = None
    failed_requests: float | None = None


class Metric(Frozen):
    """One measured figure beside its limit; ``within`` is None where nothing limits it."""

    name: str
    value: float | None
    unit: str
    budget: float | None = None
    within: bool | None = None
    note: str = ""


class Latency(Frozen):
    """Percentiles of response time from the *intended* start, milliseconds (no coordinated omission)."""

    p50: float
    p95: float
    p99: float
    count: int
