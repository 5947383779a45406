"""A run folder becomes its reports. Can be done again at any time: everything comes from what the run wrote down.

Reporters are functions ``(record, folder) -> None`` under the entry point group ``drill.reporters``; they run in the
order of their names (so the page finds the chart). One that fails costs its own output only, and is named.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from harness.plugins import REPORTERS
from harness.record import RunRecord, write_run_json

Reporter = Callable[[RunRecord, Path], None]
"""Writes one kind of report into the run folder."""
OnProblem = Callable[[str, Exception], None]
"""Told the name of a reporter that failed, and why."""
_LOG = logging.getLogger(__name__)


def write_report(
    folder: Path, *, reporters: Mapping[str, Reporter] | None = None, on_problem: OnProblem | None = None
) -> RunRecord:
    """Build the record of the run in ``folder``, write ``run.json`` and every report.

    Args:
        folder: the run folder.
        reporters: by name; the registered ones where left out.
        on_problem: called for each reporter that failed; a log line where left out.

    Raises:
        UsageProblem: the folder holds no run that this version can read.
        OSError: ``run.json`` cannot be written.
    """
    # The record does not depend on a plug-in: it is there even when every reporter is broken.
    record = write_run_json(folder)
    chosen = dict(reporters) if reporters is not None else _registered()
    for name in sorted(chosen):
        try:
            chosen[name](record, folder)
        except Exception as problem:  # noqa: BLE001  a plug-in may raise anything; the other reports must not be lost
            (on_problem or _log)(name, problem)
    return record


def _registered() -> dict[str, Reporter]:
    return {point.name: partial(_load_and_report, point) for point in entry_points(group=REPORTERS)}


def _load_and_report(point: EntryPoint, record: RunRecord, folder: Path) -> None:
    # Loaded here and not through `registered`: a reporter that cannot be imported is one that failed, no more.
    reporter: Reporter = point.load()
    reporter(record, folder)


def _log(name: str, problem: Exception) -> None:
    _LOG.error("reporter %r failed: %s: %s", name, type(problem).__name__, problem)
