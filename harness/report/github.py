"""What GitHub Actions shows of runs: job summary, annotations on the scenario's lines, outputs of the step.

Formats as GitHub documents them ("Workflow commands for GitHub Actions"): a summary of at most 1 MiB a step; commands
``::error file=…,line=…,col=…,title=…::message``, escaped as its toolkit does; outputs as ``name<<delimiter``.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from harness.errors import Position
from harness.model import Finding, Verdict
from harness.probe.analysis import per_second
from harness.probe.samples import read_samples
from harness.record import RECOVERY_TIME, REQUESTS_FILE, RunRecord
from harness.report import page
from harness.report.escape import one_line, plain
from harness.report.markdown import REPORT_FILE, render_markdown
from harness.report.mermaid import outage_mermaid
from harness.report.outage import marks
from harness.scenario.tree import KeyPath
from harness.verdict import exit_code

SUMMARY_LIMIT = 1024 * 1024
"""Bytes that GitHub takes as the summary of one step; of more it shows nothing at all."""
_CLOSING = 2048
"""Bytes kept free for the line that names what did not fit."""

Locate = Callable[[RunRecord, KeyPath], Position | None]
"""Where a key of the run's scenario is written; None where its file cannot be read."""


@dataclass(frozen=True)
class Annotation:
    """A message that GitHub shows beside a line of a file."""

    level: str
    """``error``, ``warning`` or ``notice``."""
    title: str
    message: str
    where: Position | None = None

    def __str__(self) -> str:
        """The workflow command."""
        place = {"file": self.where.file, "line": self.where.line, "col": self.where.column} if self.where else {}
        properties = ",".join(
            f"{name}={_property(str(value))}" for name, value in {**place, "title": self.title}.items()
        )
        return f"::{self.level} {properties}::{_data(self.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def annotations_of(record: RunRecord, locate: Locate) -> Iterator[Annotation]:
    """The verdict, on the line of the path; then each finding, on the line of what met it."""
    bad = record.verdict != Verdict.PASSED or bool(record.left_behind)
    level = "error" if bad else "notice"
    told = (page.headline(record), *record.reasons, *(f"next: {step}" for step in page.next_steps(record)))
    yield Annotation(
        level,
        one_line(f"{record.scenario}, path {record.path}: {record.verdict}"),
        plain("\n".join(told)),
        locate(record, ("paths", record.path)),
    )
    for finding in record.findings:
        said = [f"{page.finding_time(record, finding)}, seen by {finding.check}", *finding.evidence, finding.why]
        said += [f"prevent it by: {finding.prevent}"] if finding.prevent else []
        yield Annotation(
            level,
            one_line(f"{finding.mode} {finding.title}"),
            plain("\n".join(filter(None, said))),
            locate(record, _met_by(record, finding)),
        )


def _met_by(record: RunRecord, finding: Finding) -> KeyPath:
    if finding.attempt > 1:
        return "paths", record.path, "remedies", finding.attempt - 2
    return "paths", record.path, "findings" if finding.mode in record.expected_findings else "rollback"


def summary_page(record: RunRecord, folder: Path) -> str:
    """The first page of the report, with the outage as a chart that needs no file. Raises OSError, ValueError."""
    buckets = per_second(read_samples(folder / REQUESTS_FILE))
    chart = Markup(outage_mermaid(buckets, marks(record))) if buckets else ""
    return render_markdown(record, chart, template="github.md.j2")


def fitting(pages: Sequence[tuple[str, str]], room: int = SUMMARY_LIMIT) -> str:
    """Pages, given with the names of their runs, as far as they fit into ``room`` bytes; what does not fit is named."""
    kept, left_out, used = [], [], _CLOSING
    for run, text in pages:
        used += len(text.encode()) + 1
        if used <= room:
            kept.append(text)
        else:
            left_out.append(run)
    if left_out:
        named = ", ".join(left_out[:20]) + (" …" if len(left_out) > 20 else "")
        kept.append(f"{len(left_out)} more did not fit into this summary; read their `{REPORT_FILE}`: {named}\n")
    return "\n".join(kept)


def outputs(records: Sequence[RunRecord], runs: Path) -> dict[str, str]:
    """Outputs of the step: the worst verdict, the slowest recovery in seconds; runs, folders and reports one a line.

    The time is empty where nothing was run, or a run did not recover: the slowest is not known then.
    """
    worst = max(records, key=lambda each: exit_code(each.verdict)).verdict.value if records else ""
    times = [each.metric(RECOVERY_TIME).value for each in records]
    known = [each for each in times if each is not None]
    return {
        "verdict": worst,
        "recovery-time": f"{max(known):.3f}" if known and len(known) == len(times) else "",
        "run": "\n".join(each.run for each in records),
        "folder": "\n".join(str(runs / each.run) for each in records),
        "report": "\n".join(str(runs / each.run / REPORT_FILE) for each in records),
    }


def output_text(values: dict[str, str]) -> str:
    """``values`` as ``GITHUB_OUTPUT`` takes them, whatever is in them."""
    lines = []
    for name, value in values.items():
        delimiter = f"drill_{secrets.token_hex(16)}"
        lines += [f"{name}<<{delimiter}", value, delimiter]
    return "\n".join(lines) + "\n"
