"""The pages: what each one shows, and its template filled in. Every value is escaped by Jinja."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.history import HistoryRow
from harness.record import Fact, RunRecord
from harness.site import state, trend
from harness.site.reading import figure_html, report_html
from harness.site.state import PathState
from harness.units import figure

STYLE = "site.css"
_GLYPHS = {"passed": "✓", "failed": "✕", "inconclusive": "?", "interrupted": "‖", "error": "!"}
"""A verdict is told by its word and its sign; the colour only repeats it."""


@dataclass(frozen=True, slots=True)
class RunView:
    """One run: its row, and what its folder still holds."""

    row: HistoryRow
    file: str
    """Stem of the page."""
    folder: Path | None = None
    edited: bool | None = None
    """Whether ``run.json`` was changed; None where it is gone."""
    record: RunRecord | None = None
    report: str = ""
    chart: bool = False

    @property
    def chart_name(self) -> str:
        """File name of the chart's copy."""
        return f"{self.file}.svg"

    @property
    def simulated(self) -> list[Fact]:
        """What in the stack was not the real thing."""
        return [fact for fact in self.record.facts if fact.simulated] if self.record else []

    @property
    def kept(self) -> str:
        """What became of the record, in words."""
        if self.folder is None:
            return "folder gone"
        return {True: "edited", False: "as written", None: "run.json gone"}[self.edited]


@dataclass(frozen=True, slots=True)
class PathView:
    """One path of a scenario and its latest run."""

    state: PathState
    latest: RunView | None

    @property
    def concern(self) -> str:
        """Why somebody should look; empty where nobody has to."""
        row = self.state.latest
        if row is None or self.latest is None:
            return "never run as it is written, only changed"
        if self.latest.edited:
            return "run.json of the latest run was edited"
        return "" if row.verdict == "passed" else f"the latest run ended {row.verdict}"


@dataclass(frozen=True, slots=True)
class ScenarioView:
    """One scenario with its paths, and all its runs, newest first."""

    name: str
    file: str
    paths: Sequence[PathView]
    runs: Sequence[RunView]

    @property
    def title(self) -> str:
        """Title as the newest readable run has it."""
        return next((run.record.title for run in self.runs if run.record), "")

    def page(self, number: int) -> str:
        """File name of page ``number`` of the list of runs."""
        return f"{self.file}.html" if number == 1 else f"{self.file}.{number}.html"


class Site:
    """Writes pages into ``folder``."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self._folder = folder
        self._now = now
        self._templates = Environment(
            loader=PackageLoader("harness.site", "."), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        self._templates.globals |= {
            "glyphs": _GLYPHS,
            "built": now,
            "figure": figure,
            "figure_html": figure_html,
            "trend": trend,
            "age": lambda row: state.age(row, now),
            **{name: getattr(state, name) for name in ("first_attempt", "moment", "over", "recovery")},
        }
        for name in ("scenarios", "runs"):
            (folder / name).mkdir()
        shutil.copyfile(Path(__file__).with_name(STYLE), folder / STYLE)

    def write_index(self, scenarios: Sequence[ScenarioView]) -> None:
        """The state of everything."""
        verdicts = Counter(path.state.latest.verdict for each in scenarios for path in each.paths if path.state.latest)
        self._write("index.html", "index.html.j2", root="", scenarios=scenarios, verdicts=verdicts)

    def write_scenario(self, scenario: ScenarioView, per_page: int) -> None:
        """One scenario; older runs on further pages."""
        pages = ceil(len(scenario.runs) / per_page)
        for number in range(1, pages + 1):
            self._write(
                f"scenarios/{scenario.page(number)}",
                "scenario.html.j2",
                root="../",
                scenario=scenario,
                runs=scenario.runs[(number - 1) * per_page : number * per_page],
                number=number,
                pages=pages,
            )

    def write_run(self, run: RunView, scenario_file: str, chart: str) -> None:
        """One run; ``chart``: its picture beside the page, or empty."""
        report = report_html(run.report, chart) if run.report else None
        self._write(
            f"runs/{run.file}.html",
            "run.html.j2",
            root="../",
            run=run,
            row=run.row,
            scenario_file=scenario_file,
            chart=chart,
            report=report,
        )

    def _write(self, file: str, template: str, **values: object) -> None:
        text = self._templates.get_template(template).render(**values)
        (self._folder / file).write_text(text, encoding="utf-8", errors="replace")
