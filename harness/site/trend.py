"""Trends as inline SVG: pygal lays them out, ``site.css`` gives them their colours in light, dark and print.

Pygal puts a style sheet, a script and a random id into every chart; the pages' Content-Security-Policy lets neither
run, so they are taken out and only the drawing stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from xml.etree.ElementTree import Element

import pygal
from markupsafe import Markup

from harness.history import HistoryRow
from harness.model import Verdict
from harness.site.state import moment
from harness.units import figure

MOST_POINTS = 50
_SPARK_POINTS = 20
_X_LABELS = 5
_SHOWN_RTO = 3.0
"""A budget so many times above the slowest recovery would press the trend flat; the caption says it instead."""
_LEFT_OUT = ("defs", "desc")


def trend(rows: Sequence[HistoryRow], name: str) -> Markup:
    """Recovery time of ``rows`` (newest first) from run to run, dots by verdict, with the budget where it fits."""
    shown = list(reversed(rows[:MOST_POINTS]))
    chart = _chart(width=900, height=240, margin=8, margin_right=44, max_scale=6, truncate_label=-1)
    chart.x_labels = [moment(row) for row in shown]
    chart.x_labels_major_every = max(1, ceil(len(shown) / _X_LABELS))
    chart.show_minor_x_labels = False
    chart.add("trend", [row.recovery for row in shown], show_dots=False, allow_interruptions=True)
    chart.add("budget", [row.rto for row in shown] if budget_fits(rows) else [], show_dots=False)
    for verdict in (Verdict.PASSED, Verdict.FAILED, None):
        dots = [row.recovery if _is(row, verdict) else None for row in shown]
        chart.add(verdict or "other", dots, stroke=False)
    return _drawn(chart, name, "trend")


def sparkline(rows: Sequence[HistoryRow], name: str) -> Markup:
    """The same, small: the line and the newest point."""
    shown = list(reversed(rows[:_SPARK_POINTS]))
    chart = _chart(width=160, height=36, margin=5, show_x_labels=False, show_y_labels=False, spacing=0)
    chart.add("trend", [row.recovery for row in shown], show_dots=False)
    chart.add("newest", [None] * (len(shown) - 1) + [shown[-1].recovery], stroke=False)
    return _drawn(chart, name, "spark")


def measured(rows: Sequence[HistoryRow]) -> list[float]:
    """Recovery times of what a trend of ``rows`` draws."""
    return [row.recovery for row in rows[:MOST_POINTS] if row.recovery is not None]


def budget_fits(rows: Sequence[HistoryRow]) -> bool:
    """Whether the budgets are drawn."""
    return max(row.rto for row in rows[:MOST_POINTS]) <= _SHOWN_RTO * max(measured(rows), default=0.0)


def _chart(**options: object) -> pygal.Line:
    return pygal.Line(
        **options, js=[], css=[], no_prefix=True, show_legend=False, no_data_text="", zero=0, include_x_axis=True,
        dots_size=4, value_formatter=lambda value: figure(value, "s"),
    )  # fmt: skip


def _is(row: HistoryRow, verdict: Verdict | None) -> bool:
    return row.verdict == verdict if verdict else row.verdict not in (Verdict.PASSED, Verdict.FAILED)


def _drawn(chart: pygal.Line, name: str, kind: str) -> Markup:
    def bare(root: Element) -> Element:
        for parent in list(root.iter()):
            for child in list(parent):
                if child.tag in _LEFT_OUT or child.get("class") == "plot tooltip-overlay" or callable(child.tag):
                    parent.remove(child)
        title = root.find("title")
        if title is not None:
            title.text = name
        root.attrib = {"class": kind, "role": "img", "viewBox": root.get("viewBox", ""), "aria-label": name}
        return root

    chart.add_xml_filter(bare)
    return Markup(chart.render(is_unicode=True, disable_xml_declaration=True))
