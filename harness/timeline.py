"""The run's append-only journal: one JSON object a line, flushed as it is written.

Times are offsets in seconds on the monotonic clock from one anchor, written in the first event beside the
wall-clock time of the same moment. Everything that the report says about a run is derived from this file and
the probe's request log, so a crash at any point leaves a readable run.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from harness.errors import EnvironmentProblem
from harness.model import Budgets, CheckResult, Effect, Finding, Phase, ResidueRow, Verdict

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


class StepEnded(Event):
    """A step ended; ``exit_code`` is None where the step is no process. ``output`` is trimmed and redacted."""

    kind: Literal["step.ended"] = "step.ended"
    step: str
    phase: Phase
    attempt: int | None = None
    ok: bool
    took: float
    command: str = ""
    exit_code: int | None = None
    output: str = ""
    log: str = ""
    """Path of the whole output, relative to the run folder."""


class CheckDone(Event):
    """A check answered."""

    kind: Literal["check.done"] = "check.done"
    purpose: Literal["baseline", "fault", "detect", "verify"]
    attempt: int | None = None
    result: CheckResult


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
    """Attempt ``attempt`` was verified. ``acted`` is the time its steps took, ``converged`` the wait after them."""

    kind: Literal["attempt.judged"] = "attempt.judged"
    attempt: int
    name: str
    rung: str
    recovered: bool
    acted: float
    converged: float
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


class StackFact(Event):
    """Something true about this stack: a version, an endpoint, and whether that part is simulated."""

    kind: Literal["stack.fact"] = "stack.fact"
    name: str
    value: str
    simulated: bool = False


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
    | CheckDone
    | FaultJudged
    | Detected
    | AttemptJudged
    | FindingSeen
    | SnapshotTaken
    | ResidueJudged
    | WritesCounted
    | EffectsCounted
    | StackFact
    | Noted
    | Failed
    | InterruptedBy
    | LeftBehind
    | VerdictReached,
    Field(discriminator="kind"),
]
_ADAPTER: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)


class Timeline:
    """Writer of one run's ``timeline.jsonl``.

    Args:
        file: where to append; made if missing.
        anchor: monotonic time that counts as 0. A second writer (the watchdog) passes the first one's.
        clean: applied to every line before it is written (redaction).
    """

    def __init__(self, file: Path, *, anchor: float, clean: Callable[[str], str] = str) -> None:
        self.anchor = anchor
        self._file = file
        self._broken = False
        self._clean = clean
        self._lock = threading.RLock()
        self._listeners: list[Callable[[AnyEvent], None]] = []
        self._fd = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._seal()

    def _seal(self) -> None:
        # A writer that died in the middle of a line (kill, full disk) must not swallow the first event of the next
        # one. The empty line tells the reader that the line above it is torn, not damaged.
        size = os.fstat(self._fd).st_size
        if size and os.pread(self._fd, 1, size - 1) != b"\n":
            os.write(self._fd, b"\n\n")

    def now(self) -> float:
        """Seconds since the anchor."""
        return time.monotonic() - self.anchor

    def listen(self, listener: Callable[[AnyEvent], None]) -> None:
        """Call ``listener`` with every event from now on, in the writing thread."""
        self._listeners.append(listener)

    def write(self, event: AnyEvent) -> AnyEvent:
        """Stamp, append and flush ``event``; returns it as it was written, redacted.

        Raises:
            EnvironmentProblem: it cannot be written; only once, because the teardown that follows has events too.
        """
        with self._lock:
            stamped = event.model_copy(update={"at": round(self.now(), 4)})
            line = self._clean(stamped.model_dump_json())
            written = _ADAPTER.validate_json(line)
            for listener in self._listeners:
                listener(written)
            self._append(line.encode() + b"\n")
        return written

    def _append(self, line: bytes) -> None:
        if self._broken:
            return
        try:
            if os.write(self._fd, line) == len(line):
                return
            reason = "only a part of a line fitted"
        except OSError as problem:
            reason = problem.strerror or str(problem)
        self._broken = True
        raise EnvironmentProblem(
            f"cannot write {self._file}: {reason}", next_step="make room there and run the drill again"
        )

    def close(self) -> None:
        """Close the file; writing afterwards is an error."""
        os.close(self._fd)


def read_timeline(file: Path) -> list[AnyEvent]:
    """All events of ``file``. A torn line (its writer was killed in the middle) is left out.

    A line is torn when it is the last one, or when the next writer sealed it with an empty line.

    Raises:
        FileNotFoundError: there is no timeline.
        ValueError: any other line cannot be read, with its number.
    """
    return list(_events(file))


def _events(file: Path) -> Iterator[AnyEvent]:
    # Bytes, not str.splitlines(): that would also split at U+2028 and U+0085 inside a command's output.
    lines = file.read_bytes().split(b"\n")
    for number, (line, following) in enumerate(pairwise([*lines, b""]), start=1):
        if not line:
            continue
        try:
            parsed = json.loads(line)
        except ValueError as problem:  # JSONDecodeError and UnicodeDecodeError
            if not following:
                continue
            raise _unreadable(file, number, problem) from problem
        try:
            yield _ADAPTER.validate_python(parsed)
        except ValidationError as problem:
            raise _unreadable(file, number, problem) from problem


def _unreadable(file: Path, number: int, problem: ValueError) -> ValueError:
    return ValueError(f"{file}:{number}: not an event of format {FORMAT}: {problem}")
