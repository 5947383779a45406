"""How every run ends, however it went: verdict, teardown, report."""

from __future__ import annotations

import subprocess
from contextlib import suppress

from harness.events import LeftBehind, VerdictReached
from harness.ledger import Entry, open_entries
from harness.record import RunRecord, build_record, write_run_json
from harness.report import write_report
from harness.runner.asking import count_effects, count_writes
from harness.runner.sabotaging import mend
from harness.runner.session import Session
from harness.undo import undo_all
from harness.verdict import judge

_WATCHDOG_END = 30.0
"""Seconds that the watchdog may need to end; after an interrupt in the first second of a run it has yet to start."""


def reach_verdict(session: Session) -> RunRecord:
    """Stop the traffic, count the writes and what left the stack, judge; on disk before anything is torn down."""
    if session.probe:
        session.probe.stop(timeout=session.scenario.traffic.timeout + 2)
        session.timeline.write(count_writes(session))
    if counted := count_effects(session):
        session.timeline.write(counted)
    verdict, reasons = judge(build_record(session.run.folder))
    session.timeline.write(VerdictReached(verdict=verdict, reasons=reasons))
    return write_run_json(session.run.folder)


def tear_down(session: Session) -> bool:
    """Undo everything, newest first. What stays is named; True when nothing stays."""

    def left(entry: Entry, reason: str) -> None:
        session.timeline.write(LeftBehind(resource=entry.undo.what, reason=reason))

    if session.probe:
        session.probe.stop(timeout=2)
    try:
        mend(session)
    except Exception as problem:  # noqa: BLE001  whatever a sabotage leaves, the rest has to go
        session.note(f"a sabotage was not undone: {type(problem).__name__}: {problem}")
    session.run.taps.close()
    return undo_all(session.run.ledger, left)


def report(session: Session) -> RunRecord:
    """Write every report; a reporter that fails does not stop the others."""

    _clean_logs(session)

    def unwritten(name: str, problem: Exception) -> None:
        session.note(f"reporter {name!r} failed: {type(problem).__name__}: {problem}")

    return write_report(session.run.folder, on_problem=unwritten)


def _clean_logs(session: Session) -> None:
    """Mask secrets in what processes of the stack wrote themselves; nobody else's pen passes the redactor."""
    for log in (*session.run.folder.glob("*.log"), *session.run.folder.glob("logs/*.log")):
        text = log.read_text(encoding="utf-8", errors="replace")
        if (cleaned := session.run.redactor.clean(text)) != text:
            log.write_text(cleaned, encoding="utf-8")


def close(session: Session) -> None:
    """Let go of files and of the lock. The watchdog wakes, finds nothing to do, and has ended when this returns.

    Where something stayed behind it goes on trying after this process.
    """
    session.timeline.close()
    session.run.ledger.close()
    done = not open_entries(session.run.folder)
    session.lock.release()
    if done:
        with suppress(subprocess.TimeoutExpired):
            session.watchdog.wait(_WATCHDOG_END)
