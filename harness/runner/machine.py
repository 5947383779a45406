"""The state machine: which phase follows which, and what an error or an interrupt turns into.

    preflight → provision → release good → baseline → release bad → detect → attempt ⇄ verify
        └───────────┴────────────┴────────────┴────────────┴──────────┴─────────┴────────┘
                                       ↓
                         verdict → teardown → report

Whatever happens in the upper row, the lower end is always walked.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from harness.errors import DrillError, EnvironmentProblem, Interrupted, TimeLimit
from harness.events import Failed, InterruptedBy, LeftBehind, PhaseEnded, PhaseStarted
from harness.ledger import open_entries
from harness.limits import Interrupts, on_signals, time_limit
from harness.model import Phase
from harness.record import RunRecord
from harness.runner import ending, phases, recovery, telling
from harness.runner.phases import Next
from harness.runner.session import Session

T = TypeVar("T")
TIME_BOX = "the time box"
"""Who interrupted a run that was not done when its box was nearly over."""
_WORK: Mapping[Phase, Callable[[Session], Next]] = {
    Phase.PREFLIGHT: phases.preflight,
    Phase.PROVISION: phases.provision,
    Phase.RELEASE_GOOD: phases.release_good,
    Phase.BASELINE: phases.baseline,
    Phase.RELEASE_BAD: phases.release_bad,
    Phase.DETECT: phases.detect,
    Phase.ATTEMPT: recovery.attempt,
    Phase.VERIFY: recovery.verify,
}


def run_drill(session: Session) -> RunRecord:
    """Walk the phases of an open session to their end and return the record that the report was made from."""
    interrupts, count = Interrupts(), 0
    try:
        with on_signals(interrupts):
            telling.tell_start(session)
            _walk(session, interrupts)
    except Interrupted as interrupt:
        session.stopped_by = interrupt.message
        session.timeline.write(InterruptedBy(by=interrupt.message))
        count = 1
    except (DrillError, TimeLimit) as problem:
        session.timeline.write(_failed(session, problem.message, type(problem).__name__, problem.next_step))
    except Exception as problem:  # noqa: BLE001  a defect of ours must not cost the teardown or the report
        _keep_trace(session)
        session.timeline.write(
            _failed(session, str(problem), type(problem).__name__, "this is a defect of drill: see crash.log")
        )
    return _end(session, count)


def _walk(session: Session, interrupts: Interrupts) -> None:
    following = Phase.PREFLIGHT
    while following is not Phase.VERDICT:
        interrupts.check()
        session.phase = following
        if following is Phase.ATTEMPT:
            session.attempt += 1
        number = session.attempt or None
        session.timeline.write(PhaseStarted(phase=following, attempt=number, title=_title(session)))
        with _limited(session):
            result = _WORK[following](session)
        session.timeline.write(PhaseEnded(phase=following, attempt=number, ok=result.ok, summary=result.summary))
        following = result.phase


@contextmanager
def _limited(session: Session) -> Iterator[None]:
    """The phase's own limit or, where that is nearer, the end of the time box: an interrupt like any other."""
    limit, until = _limit(session), session.options.until
    if until is None or limit <= until - time.monotonic():
        with time_limit(limit, f"phase {session.phase.value!r}"):
            yield
        return
    try:
        with time_limit(max(until - time.monotonic(), 0.001), TIME_BOX):
            yield
    except TimeLimit as over:
        raise Interrupted(TIME_BOX) from over


def _title(session: Session) -> str:
    if session.phase in (Phase.ATTEMPT, Phase.VERIFY):
        return recovery.attempts(session)[session.attempt - 1].name
    releases = session.scenario.releases
    return {
        Phase.RELEASE_GOOD: releases.good,
        Phase.RELEASE_BAD: session.scenario.bad_release(session.options.path),
    }.get(session.phase, "")


def _limit(session: Session) -> float:
    limits = session.scenario.timeouts
    return {
        Phase.PREFLIGHT: limits.preflight,
        Phase.PROVISION: limits.provision,
        Phase.BASELINE: limits.baseline,
        Phase.DETECT: limits.detect,
        Phase.ATTEMPT: limits.attempt,
        Phase.VERIFY: limits.verify,
    }.get(session.phase, limits.release * 2)


def _failed(session: Session, message: str, error: str, next_step: str) -> Failed:
    return Failed(phase=session.phase, error=error, message=message, next_step=next_step)


def _end(session: Session, interrupts: int) -> RunRecord:
    """Verdict, teardown, report. A run's first interrupt is noted here and changes nothing;

    its second one names what is left and gives the rest to the watchdog, which starts when this process ends.
    """
    patience = _Patience(session, interrupts)
    with on_signals(patience.interrupted):
        record = _phase(session, Phase.VERDICT, ending.reach_verdict)
        _phase(session, Phase.TEARDOWN, ending.tear_down)
        telling.tell_result(session)
        record = _phase(session, Phase.REPORT, ending.report) or record
    ending.close(session)
    if record is None:
        raise EnvironmentProblem(
            f"run {session.run.id} was torn down, but its record could not be written",
            next_step=f"see {session.run.folder}; `drill report {session.run.id}` tries again",
        )
    return record


def _phase(session: Session, phase: Phase, work: Callable[[Session], T]) -> T | None:
    """One of the closing phases. An error in it is written down and never stops the next one."""
    session.phase = phase
    session.timeline.write(PhaseStarted(phase=phase))
    result: T | None = None
    try:
        with time_limit(session.scenario.timeouts.teardown, f"phase {phase.value!r}"):
            result = work(session)
    except (DrillError, TimeLimit) as problem:
        session.timeline.write(_failed(session, problem.message, type(problem).__name__, problem.next_step))
    except Exception as problem:  # noqa: BLE001  see run_drill
        _keep_trace(session)
        session.timeline.write(
            _failed(session, str(problem), type(problem).__name__, "this is a defect of drill: see crash.log")
        )
    ok = result is not None and result is not False
    session.timeline.write(PhaseEnded(phase=phase, ok=ok, summary=_closing_summary(result)))
    return result


def _closing_summary(result: object) -> str:
    if isinstance(result, RunRecord):
        return result.verdict.value
    return (
        "nothing left behind"
        if result is True
        else "something stayed behind: `drill reap` tries again"
        if result is False
        else ""
    )


def _keep_trace(session: Session) -> None:
    with (session.run.folder / "crash.log").open("a", encoding="utf-8") as log:
        log.write(session.run.redactor.clean(traceback.format_exc()))


class _Patience:
    """Counts the interrupts of a run that is ending."""

    def __init__(self, session: Session, count: int) -> None:
        self._session = session
        self._count = count

    def interrupted(self, name: str) -> None:
        """The run's first: noted. Its second: what is left is named, and this process ends."""
        self._count += 1
        self._session.stopped_by = name
        if self._count == 1:
            self._session.note(f"{name}: already ending; once more and the rest is left to the watchdog")
            return
        for entry in open_entries(self._session.run.folder):
            self._session.timeline.write(
                LeftBehind(resource=entry.undo.what, reason="left to the watchdog after a second interrupt")
            )
        raise Interrupted(name)
