"""From history and run folders to a folder of pages, replaced whole or not at all."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from harness.errors import UsageProblem
from harness.history import HistoryRow, edited, read
from harness.record import RUN_FILE, RunRecord
from harness.report.markdown import REPORT_FILE
from harness.report.page import CHART_FILE
from harness.site.pages import PathView, RunView, ScenarioView, Site
from harness.site.state import PathState, states

PER_PAGE = 50
"""Runs in the list of one scenario page; older ones are on the pages after it."""
_MARKER = ".drill-site"
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class Built:
    """What was written."""

    index: Path
    scenarios: int
    runs: int


def build_site(runs: Path, output: Path, now: datetime) -> Built:
    """Write the site of the history in ``runs`` to ``output``, replacing an older site there.

    Raises:
        UsageProblem: there is no history, or ``output`` holds something else.
        OSError: a file cannot be written.
    """
    rows = read(runs)
    if not rows:
        raise UsageProblem(f"no run in the history of {runs}", next_step="drill run ecs-bad-migration, then again")
    with _replaced(output) as folder:
        site = Site(folder, now)
        views = {row.run: _run_view(runs, row) for row in rows}
        for view in views.values():
            if view.folder:
                site.write_run(view, _file_name(view.row.scenario), _copied_chart(view, folder))
        scenarios = [
            _scenario_view(name, list(paths), views)
            for name, paths in groupby(states(rows), lambda each: each.scenario)
        ]
        for scenario in scenarios:
            site.write_scenario(scenario, PER_PAGE)
        site.write_index(scenarios)
    return Built(output / "index.html", len(scenarios), sum(bool(view.folder) for view in views.values()))


@contextmanager
def _replaced(output: Path) -> Iterator[Path]:
    """A fresh folder that takes the place of ``output`` once it is complete."""
    if output.exists() and not (output / _MARKER).is_file() and (output.is_file() or any(output.iterdir())):
        raise UsageProblem(
            f"{output} exists and is no site that drill wrote; it would be replaced",
            next_step="name another folder: drill site --output FOLDER",
        )
    output.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as scratch:
        fresh = Path(scratch, "site")
        fresh.mkdir()
        (fresh / _MARKER).touch()
        yield fresh
        if output.exists():
            output.rename(Path(scratch, "old"))
        fresh.rename(output)


def _run_view(runs: Path, row: HistoryRow) -> RunView:
    folder = runs / row.run
    # A history edited by hand must not lead out of the runs folder.
    if folder.parent != runs or folder.name in ("", "..") or not folder.is_dir():
        return RunView(row, _file_name(row.run))
    return RunView(
        row,
        _file_name(row.run),
        folder=folder,
        edited=edited(runs, row),
        record=_record(folder),
        report=_text(folder / REPORT_FILE),
        chart=(folder / CHART_FILE).is_file(),
    )


def _record(folder: Path) -> RunRecord | None:
    try:
        return RunRecord.model_validate_json((folder / RUN_FILE).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None  # missing, edited past reading, or of another version: the row is what is left


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def _file_name(name: str) -> str:
    """``name`` as the stem of a page; what a file name or a link cannot hold is told apart by a digest."""
    safe = _UNSAFE.sub("-", name)[:100]
    return safe if safe == name else f"{safe}-{sha256(name.encode(errors='replace')).hexdigest()[:8]}"


def _copied_chart(view: RunView, site: Path) -> str:
    """The chart's place seen from the run's page; empty where there is none."""
    if not view.chart or view.folder is None:
        return ""
    shutil.copyfile(view.folder / CHART_FILE, site / "runs" / view.chart_name)
    return view.chart_name


def _scenario_view(name: str, paths: Sequence[PathState], views: dict[str, RunView]) -> ScenarioView:
    rows = sorted((row for path in paths for row in path.rows), key=lambda row: (row.wall, row.run), reverse=True)
    return ScenarioView(
        name,
        _file_name(name),
        [PathView(each, views[each.latest.run] if each.latest else None) for each in paths],
        [views[row.run] for row in rows],
    )
