"""Reporter ``markdown``: ``report.md``, one page for the person on call."""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from harness.record import RunRecord, replace_text
from harness.report import page
from harness.report.calls import calls, calls_explained, calls_summary
from harness.report.effects import effects_rows
from harness.report.escape import block, code, finalize, telling
from harness.resilience import Series
from harness.units import figure, format_duration

REPORT_FILE = "report.md"
SERIES_PAGE = "sabotage.md"
_BLANK_LINES = re.compile(r"\n{3,}")
_FENCED = re.compile(r"^(`{3,})text\n.*?^\1$", re.MULTILINE | re.DOTALL)


def write_markdown(record: RunRecord, folder: Path) -> None:
    """Write ``report.md``; shows the chart where there is one. Raises OSError."""
    chart = page.CHART_FILE if (folder / page.CHART_FILE).is_file() else ""
    replace_text(folder / REPORT_FILE, render_markdown(record, chart))


def render_markdown(record: RunRecord, chart: str = "", template: str = "report.md.j2") -> str:
    """The page as text. ``chart`` is what the template shows (``report.md.j2``: a file's name), empty for none."""
    text = _environment().get_template(template).render(record=record, chart=chart)
    return _squeeze(text).strip() + "\n"


def write_series_page(series: Series, folder: Path) -> Path:
    """Write the page of a series of sabotages, and return it. Raises OSError."""
    template = _environment().get_template("sabotage.md.j2")
    file = folder / SERIES_PAGE
    replace_text(file, _squeeze(template.render(series=series)).strip() + "\n")
    return file


def told_score(series: Series) -> str:
    """The score in words."""
    recovered = sum(bool(each.recovered) for each in series.counted)
    if series.score is None:
        return f"no score: {len(series.tried)} of {len(series.order)} were run, {recovered} recovered"
    return f"resilience score {series.score:.0%}: {recovered} of {len(series.counted)} recovered"


def _environment() -> Environment:
    # autoescape makes what macros return stay Markdown; `finalize` has escaped every value before it could see HTML.
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, finalize=finalize, undefined=StrictUndefined
    )
    environment.filters |= {"code": code, "block": block}
    environment.globals |= {
        "telling": telling,
        "duration": format_duration,
        "figure": figure,
        "told_score": told_score,
        "calls": calls,
        "calls_explained": calls_explained,
        "calls_summary": calls_summary,
        "effects_rows": effects_rows,
        **{
            name: getattr(page, name)
            for name in (
                "attempt_name",
                "brought_back",
                "compared",
                "declared",
                "ending",
                "failing_checks",
                "faster",
                "finding_time",
                "first_attempt",
                "forecast",
                "headline",
                "ladder",
                "measured",
                "next_deploys",
                "next_steps",
                "percentiles",
                "phase_name",
                "phase_time",
                "rows",
                "shown_phases",
                "silent_failure",
                "step_phase",
                "summary",
            )
        },
    }
    return environment


def _squeeze(text: str) -> str:
    """Blank lines of the template, not those of a command's output."""
    parts, end = [], 0
    for fenced in _FENCED.finditer(text):
        parts += [_BLANK_LINES.sub("\n\n", text[end : fenced.start()]), fenced[0]]
        end = fenced.end()
    return "".join([*parts, _BLANK_LINES.sub("\n\n", text[end:])])
