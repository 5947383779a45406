"""Asking the stack: checks, snapshots, and the record of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from harness.model import CheckResult, Outcome, Snapshot
from harness.runner.session import Session
from harness.spi import Check, Layers, Scope
from harness.timeline import CheckDone, SnapshotTaken


def ask_all(session: Session, scope: Scope, *, smoke_only: bool = False) -> list[CheckResult]:
    """Ask smoke (and the checks under ``verify``) once each."""
    checks: list[Check] = [*session.scenario.smoke, *(() if smoke_only else session.scenario.verify)]
    return [check.ask(session.stack, scope) for check in checks]


def record(
    session: Session, purpose: Literal["baseline", "fault", "detect", "verify"], results: Sequence[CheckResult]
) -> None:
    """Write answers to the timeline."""
    for result in results:
        session.timeline.write(CheckDone(purpose=purpose, attempt=session.attempt or None, result=result))


def first_failure(results: Sequence[CheckResult]) -> CheckResult | None:
    """The first answer that is not a pass; a fail before an unknown."""
    for outcome in (Outcome.FAIL, Outcome.UNKNOWN):
        for result in results:
            if result.outcome is outcome:
                return result
    return None


def take_snapshot(session: Session, label: str) -> Layers:
    """Take a snapshot of every layer and keep it in the run folder."""
    snapshot = Snapshot(label=label, taken_at=session.timeline.now(), layers=session.stack.snapshot())
    file = session.run.folder / "snapshots" / f"{label}.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(session.run.redactor.clean(snapshot.model_dump_json(indent=1)), encoding="utf-8")
    session.timeline.write(SnapshotTaken(label=label, file=str(file.relative_to(session.run.folder))))
    return snapshot.layers
