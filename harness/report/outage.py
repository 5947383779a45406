"""Reporter ``chart``: ``outage.svg``, the probe's view of the run with its phases."""

from __future__ import annotations

from pathlib import Path

from harness.probe.analysis import per_second
from harness.probe.samples import read_samples
from harness.record import REQUESTS_FILE, RunRecord, replace_text
from harness.report.chart import Mark, PhaseMark, outage_svg
from harness.report.page import CHART_FILE, phase_name


def write_chart(record: RunRecord, folder: Path) -> None:
    """Write ``outage.svg``; a run without a request gets none. Raises OSError, ValueError (a damaged request log)."""
    # An older chart must not stand beside a newer report.
    (folder / CHART_FILE).unlink(missing_ok=True)
    samples = read_samples(folder / REQUESTS_FILE)
    if samples:
        title = f"{record.scenario}, path {record.path}, run {record.run}"
        replace_text(folder / CHART_FILE, outage_svg(per_second(samples), phases(record), marks(record), title))


def phases(record: RunRecord) -> list[PhaseMark]:
    """Every phase as a span; one that never ended lasts to the end of the run."""
    return [
        PhaseMark(phase_name(each), each.started, record.took if each.ended is None else each.ended)
        for each in record.phases
    ]


def marks(record: RunRecord) -> list[Mark]:
    """The moments that the report speaks of."""
    outage = record.outage
    moments = (
        (outage.first_bad if outage else None, "first bad response"),
        (record.detected.at if record.detected else None, "detected"),
        (outage.recovered if outage else None, "recovered"),
    )
    return [Mark(at, label) for at, label in moments if at is not None]
