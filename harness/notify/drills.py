"""What is said of a run and of a gate, the verdict in the first line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.gate.judgement import Judged, State
from harness.model import Verdict
from harness.notify.message import Field, Kind, Message, message
from harness.record import RECOVERY_TIME, RunRecord
from harness.units import figure

_KINDS: dict[Verdict, Kind] = {Verdict.PASSED: "success", Verdict.FAILED: "failure", Verdict.ERROR: "failure"}
_OPEN = 10
"""Requirements of a gate that are named."""


@dataclass(frozen=True)
class Drilled:
    """A run at its start: what is known before anything happened."""

    run: str
    scenario: str
    path: str
    good: str
    bad: str
    """Versions."""
    operator: str
    rto: float
    """Budget of the recovery, seconds."""


def started(drill: Drilled) -> Message:
    """A run has started."""
    return message(
        f"STARTED: rollback drill {drill.scenario}, path {drill.path}",
        (
            ("verdict", "none yet, the drill has started"),
            ("scenario", f"{drill.scenario}, path {drill.path}"),
            ("version", _versions(drill.good, drill.bad)),
            ("operator", drill.operator),
            ("recovery time", f"budget {figure(drill.rto, 's')}"),
            ("run", drill.run),
        ),
    )


def result(record: RunRecord, link: str) -> Message:
    """What a run came to; ``link`` is where its report is."""
    fields = (
        ("verdict", ": ".join([record.verdict.value, *record.reasons[:1]])),
        ("scenario", f"{record.scenario}, path {record.path}"),
        ("version", _versions(_version(record, "good"), _version(record, "bad"))),
        ("operator", record.operator),
        ("recovery time", _recovery(record)),
        ("first finding", next((f"{each.mode} {each.title}" for each in record.findings), "")),
        ("left behind", ", ".join(each.resource for each in record.left_behind)),
        ("changed for this run", " ".join(record.changes)),
        ("run", record.run),
    )
    title = f"{record.verdict.value.upper()}: rollback drill {record.scenario}, path {record.path}"
    return message(title, fields, _KINDS.get(record.verdict, "warning"), link)


def link_to(report_url: str, folder: Path) -> str:
    """Where the report of the run in ``folder`` is: below ``report_url``, else by its path on this host."""
    return f"{report_url.rstrip('/')}/{folder.name}/report.md" if report_url else str(folder / "report.md")


def gate_result(answers: Sequence[Judged], operator: str) -> Message:
    """May this go live? What is open comes with its reason."""
    still = [each for each in answers if each.state is not State.MET]
    word = "not met" if still else "met"
    counted = f"{len(answers) - len(still)} of {len(answers)} requirements are met"
    title = f"{word.upper()}: rollback gate, {counted}"
    return message(
        title,
        (("verdict", f"{word}, {counted}"), ("operator", operator), *_open(still)),
        "failure" if still else "success",
    )


def _open(still: Sequence[Judged]) -> Iterator[Field]:
    for each in still[:_OPEN]:
        yield f"{each.scenario}, path {each.path}", f"{each.state}, {each.reason}"
    if len(still) > _OPEN:
        yield "more", str(len(still) - _OPEN)


def _versions(good: str, bad: str) -> str:
    return f"good {good or 'unknown'}, bad {bad or 'unknown'}"


def _version(record: RunRecord, role: str) -> str:
    return next((each.version for each in record.releases if each.role == role), "")


def _recovery(record: RunRecord) -> str:
    metric, budget = record.metric(RECOVERY_TIME), f"budget {figure(record.budgets.rto, 's')}"
    if metric.value is not None:
        return f"{figure(metric.value, 's')}, {'over the ' if metric.within is False else ''}{budget}"
    return f"{'users were not served well again' if record.outage else 'not measured'}, {budget}"
