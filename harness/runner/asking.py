"""Asking the stack: checks, snapshots, and the record of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from harness.errors import DrillError
from harness.events import CheckDone, EffectsCounted, SnapshotTaken, WritesCounted
from harness.model import CheckResult, Effect, Outcome, Snapshot
from harness.probe.analysis import acknowledged_writes
from harness.runner.session import Session
from harness.spi import Check, EffectsSource, Layers, Scope, SqlService


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


def count_writes(session: Session) -> WritesCounted:
    """Which of the writes that users were told are done does the stack hold? The log is read before the stack."""
    asked = session.scenario.committed_writes
    acknowledged = acknowledged_writes(session.samples())
    if not asked or not acknowledged:
        summary = "" if asked else "the scenario does not say where to count (`committed_writes`)"
        return WritesCounted(acknowledged=len(acknowledged), lost=None if acknowledged else 0, summary=summary)
    try:
        service = cast(SqlService, session.stack.services[asked.service])
        present = {str(row[0]) for row in service.query(asked.sql)}
    except (ConnectionError, ValueError, DrillError) as problem:
        return WritesCounted(acknowledged=len(acknowledged), lost=None, summary=str(problem))
    lost = sorted(acknowledged - present)
    return WritesCounted(
        acknowledged=len(acknowledged), lost=len(lost), summary=f"lost: {', '.join(lost[:5])}" if lost else ""
    )


def count_effects(session: Session) -> EffectsCounted | None:
    """What left the stack, by everything that keeps records; silence of one hides nothing of the others."""
    bench = session.bench
    named = {"platform": bench.platform, **bench.services} if bench else {}
    sources = {name: each for name, each in named.items() if isinstance(each, EffectsSource)}
    effects: list[Effect] = []
    unknown = []
    for name, source in sources.items():
        try:
            effects += source.effects()
        except (ConnectionError, ValueError, DrillError) as problem:
            unknown.append(f"{name}: {problem}")
    return EffectsCounted(effects=tuple(effects), unknown=tuple(unknown)) if sources else None
